"""What is made of a file for phones: each thing once, by a confined child, in a job of its own."""
