"""What the hub asks of the outside world: protocols and the plain values that cross them."""
