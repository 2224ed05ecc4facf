"""What all routes share: the envelope, problems, who asks, headers, the built page."""
