"""What tests share: real servers, and the small named world."""
