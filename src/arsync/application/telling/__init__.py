"""Mail and webhooks to the people of the business."""
