package simulations

// realClient is a client of package wire/client in the fleet.
type realClient struct{}

func (c *client) startReal() {}

func (r *realClient) abolish() {}
