"""Which alerts fire: the series that a service has, and the rules over them."""
