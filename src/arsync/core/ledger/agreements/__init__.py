"""What was agreed about debts, and what became of it by a day: promises to pay, disputes."""
