"""What is the same for every vendor."""
