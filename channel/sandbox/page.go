package sandbox

func (i *Institution) pageURL(c *Charge) string {
	return i.publicURL() + "/sandbox/pay/" + c.Page
}
