package main

import (
	"context"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// find reads the payment that a user named by its ID or by the merchant's order
// ID; of several with the same order the newest.
func find(ctx context.Context, api *client.Client, what string) (*paymux.Payment, error) {
	if strings.HasPrefix(what, paymux.PrefixPayment) {
		return api.Payment(ctx, paymux.PaymentID(what))
	}
	for p, err := range api.Payments(ctx, client.PaymentQuery{MerchantOrderID: what, PageSize: 1}) {
		if err != nil {
			return nil, err
		}
		return &p, nil
	}
	return nil, &outcomeError{text: "no payment has the merchant_order_id " + what}
}
