"""What all vendors share."""
