"""What is closed to everybody: addresses that nobody needs, other websites, and bodies that cannot be read."""
