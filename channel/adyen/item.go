package adyen

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// webhook is a standard webhook. Adyen's JSON holds one item, in a list.
type webhook struct {
	Live  string `json:"live"`
	Items []struct {
		Item *item `json:"NotificationRequestItem"`
	} `json:"notificationItems"`
}

// item is one event.
type item struct {
	PSPReference        string  `json:"pspReference"`
	OriginalReference   string  `json:"originalReference"`
	MerchantAccountCode string  `json:"merchantAccountCode"`
	MerchantReference   string  `json:"merchantReference"`
	Amount              *amount `json:"amount"`
	EventCode           string  `json:"eventCode"`
	Success             string  `json:"success"`

	// Not signed.
	EventDate      string `json:"eventDate"`
	Reason         string `json:"reason"`
	AdditionalData struct {
		Signature string `json:"hmacSignature"`
	} `json:"additionalData"`
}

func readItem(body []byte) (live string, it *item, err error) {
	var w webhook
	if err := json.Unmarshal(body, &w); err != nil {
		return "", nil, fmt.Errorf("%w: not the JSON of a webhook", channel.ErrMalformed)
	}
	if len(w.Items) != 1 || w.Items[0].Item == nil {
		return "", nil, fmt.Errorf("%w: %d items; Adyen's webhooks hold one, and a batch is refused whole", channel.ErrMalformed, len(w.Items))
	}
	return w.Live, w.Items[0].Item, nil
}

// signed is what the signature covers: eight fields joined by colons, unescaped
// (docs.adyen.com/development-resources/webhooks/verify-hmac-signatures).
func (it *item) signed() string {
	value, currency := "", ""
	if it.Amount != nil {
		value, currency = strconv.FormatInt(it.Amount.Value, 10), it.Amount.Currency
	}
	return strings.Join([]string{
		it.PSPReference, it.OriginalReference, it.MerchantAccountCode, it.MerchantReference,
		value, currency, it.EventCode, it.Success,
	}, ":")
}

// ambiguous: since colons are not escaped, a field that holds one could be read as two. Only
// the merchant's reference may, for what is left and right of it has none.
func (it *item) ambiguous() bool {
	fields := it.PSPReference + it.OriginalReference + it.MerchantAccountCode + it.EventCode + it.Success
	if it.Amount != nil {
		fields += it.Amount.Currency
	}
	return strings.Contains(fields, ":")
}

// authentic verifies the signature with every live version of the key.
func (a *account) authentic(ctx context.Context, it *item) error {
	signature, err := base64.StdEncoding.DecodeString(it.AdditionalData.Signature)
	if err != nil || len(signature) == 0 {
		return fmt.Errorf("%w: no signature", channel.ErrForged)
	}
	if it.ambiguous() {
		return fmt.Errorf("%w: a signed field holds a colon", channel.ErrForged)
	}
	err = a.keys.Verify(ctx, "hmac_key", []byte(it.signed()), signature)
	if errors.Is(err, channel.ErrForged) {
		return fmt.Errorf("%w: the signature is wrong", channel.ErrForged)
	}
	if err != nil {
		return fmt.Errorf("verify the signature: %w", err)
	}
	return nil
}

// meant reports whether an authentic item is for this account, in this world.
func (a *account) meant(live string, it *item) error {
	if it.MerchantAccountCode != a.merchant {
		return fmt.Errorf("%w: it is for another merchant account", channel.ErrForeign)
	}
	if live != strconv.FormatBool(a.live) {
		return fmt.Errorf("%w: its live is %q and the account's is %t", channel.ErrForeign, live, a.live)
	}
	return nil
}

// fresh: an event's date is when it happened, and Adyen repeats it for days; the
// date is not signed, so this keeps out the forgotten, not the clever.
func (a *account) fresh(it *item) error {
	at, err := time.Parse(time.RFC3339, it.EventDate)
	if err != nil {
		return fmt.Errorf("%w: no event date", channel.ErrMalformed)
	}
	if age := a.now().Sub(at); age > a.tolerance || age < -24*time.Hour {
		return fmt.Errorf("%w: the event is %s away from now", channel.ErrStale, age.Abs().Truncate(time.Second))
	}
	return nil
}

// complete reports what the form of every event demands.
func (it *item) complete() error {
	if it.PSPReference == "" || it.EventCode == "" || it.Amount == nil || it.Success != "true" && it.Success != "false" {
		return fmt.Errorf("%w: pspReference, eventCode, amount or success is missing", channel.ErrMalformed)
	}
	return nil
}

func (it *item) succeeded() bool { return it.Success == "true" }

// about is the operation an item names, for the timeline of a refused one, too.
func (it *item) about() paymux.OperationID {
	ref, ok := parseReference(it.MerchantReference)
	if !ok {
		return ""
	}
	return ref.operation
}
