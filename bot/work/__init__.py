"""What happens after an ack."""
