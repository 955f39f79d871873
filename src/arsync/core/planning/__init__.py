"""From assessments to a plan: holds, reminders, follow-ups, and why."""
