package main

import (
	"fmt"

	"github.com/paymux/paymux"
)

// showCreated tells a new payment and what the payer has to do.
func (c *cli) showCreated(p *paymux.Payment) error {
	via := p.Account
	if p.Routing != nil && p.Routing.Reason != "" {
		via += " (" + p.Routing.Reason + ")"
	}
	c.say("pay.created", p.ID, p.Money(), p.MerchantOrderID, via)
	if p.NextAction == nil {
		return nil
	}
	page, err := c.pageURL(p.ID)
	if err != nil {
		return err
	}
	if qr := p.NextAction.DisplayQR; qr != nil {
		if err := c.showQR(qr.Data); err != nil {
			return err
		}
	}
	if steps := p.NextAction.Instructions; steps != nil {
		for _, line := range steps.Lines {
			fmt.Fprintf(c.out, "  %s: %s\n", line.Label, line.Value)
		}
	}
	c.say("pay.open", page)
	c.say("pay.sandbox", p.ID)
	return nil
}

// pageURL is the cashier's page of a payment.
func (c *cli) pageURL(id paymux.PaymentID) (string, error) {
	at, err := c.profile()
	return at.BaseURL + "/pay/" + string(id), err
}

func (c *cli) showEnded(p *paymux.Payment) {
	with := green
	if p.Status.EndedUnpaid() {
		with = red
	}
	fmt.Fprintf(c.out, "%s  %s  %s\n", c.paint(with, string(p.Status)), p.Money(), p.ID)
	if p.Late {
		c.say("pay.late")
	}
	if f := p.LastError; f != nil && p.Status.EndedUnpaid() {
		code := string(f.Code)
		if f.DeclineCode != "" {
			code = string(f.DeclineCode)
		}
		fmt.Fprintf(c.out, "  %s: %s\n", code, f.Message)
	}
}
