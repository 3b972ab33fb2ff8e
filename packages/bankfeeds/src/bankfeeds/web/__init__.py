"""HTTP in: bounded bytes to struct to function to bytes."""
