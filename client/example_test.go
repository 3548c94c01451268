package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// takePayment is the quick start of docs/clients.md.
func takePayment(ctx context.Context, frontends []string, key paymux.Secret) error {
	api, err := client.New(client.Config{BaseURLs: frontends, Key: key})
	if err != nil {
		return err
	}
	payment, err := api.CreatePayment(ctx, client.PaymentRequest{
		Amount: 1250, Currency: "CNY", MerchantOrderID: "A-1001", // minor units: 12.50 yuan
		PaymentMethod: &client.PaymentMethod{Type: paymux.WeChatPay},
	})
	var refused *client.Error
	var open *client.Unsettled
	switch {
	case errors.As(err, &open): // first: it is no refusal, whatever the last attempt said
		return fmt.Errorf("not known yet, repeat with client.IdempotencyKey(%q): %w", open.Key, err)
	case errors.Is(err, paymux.PaymentDeclined) && errors.As(err, &refused):
		return fmt.Errorf("declined: %s, %s", refused.Problem.DeclineCode, refused.Problem.Advice)
	case err != nil:
		return err
	}
	fmt.Println(payment.ID, payment.Status)

	for payment, err := range api.Payments(ctx, client.PaymentQuery{PageSize: 50}) {
		if err != nil {
			return err
		}
		fmt.Println(payment.ID, payment.Status, payment.Amount)
	}
	return nil
}

func Example() {
	door := httptest.NewServer(&door{answers: []answer{
		{status: 201, body: paid}, {status: 200, body: `{"data":[` + paid + `]}`},
	}})
	defer door.Close()
	if err := takePayment(context.Background(), []string{door.URL}, "sk_test"); err != nil {
		fmt.Println(err)
	}
	// Output:
	// pay_1 succeeded
	// pay_1 succeeded 1250
}
