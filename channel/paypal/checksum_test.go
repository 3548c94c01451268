package paypal_test

import (
	"bytes"
	"errors"
	"hash/crc32"
	"math/bits"
	"strings"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/test/paypalfake"
)

// PayPal signs a checksum of the body. Whoever has one genuine transmission can make it fit another body: the
// signature is good, and still nothing is believed that PayPal does not confirm.
func TestChecksumIsNoProof(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	bought, wanted := paid(t, institution, ch, false), ordered(t, ch, false)
	genuine := signed(institution, config, "PAYMENT.CAPTURE.COMPLETED", institution.Resource(string(bought.ID), "capture"))
	claim := strings.NewReplacer(string(bought.ID), string(wanted.ID), paymux.OrderNumber(string(bought.ID)), paymux.OrderNumber(string(wanted.ID))).Replace(string(genuine.Body))
	forged := genuine
	forged.Body = withChecksum(t, claim, crc32.ChecksumIEEE(genuine.Body))

	news, err := ch.Callback(t.Context(), forged)
	if err == nil && news.Result.State == paymux.OpSucceeded && news.Operation == wanted.ID {
		t.Fatal("a payment nobody made is believed")
	}
	if !errors.Is(err, channel.ErrForged) {
		t.Errorf("%v, want ErrForged", err)
	}
	if strings.Contains(err.Error(), "signature") {
		t.Errorf("refused for its signature (%v): the test has not made one that fits", err)
	}
	order := paypalfake.Event("CHECKOUT.ORDER.APPROVED", institution.Resource(string(wanted.ID), "order"))
	forged.Body = withChecksum(t, string(order), crc32.ChecksumIEEE(genuine.Body))
	if news, err := ch.Callback(t.Context(), forged); err != nil || news.Result.State != paymux.OpPending || effects(institution, wanted.ID) != 0 {
		t.Errorf("an approval nobody gave: %+v, %v", news, err)
	}
}

// withChecksum adds a member to a JSON object so that its CRC-32 is want. A CRC is affine in the bits of its
// message, so bits that may be chosen freely, one in each letter of the member, give 32 equations.
func withChecksum(t *testing.T, object string, want uint32) []byte {
	t.Helper()
	body := []byte(`{"pad":"` + strings.Repeat("a", 64) + `",` + object[1:])
	base := crc32.ChecksumIEEE(body)
	var rows [32]struct {
		crc  uint32
		flip uint64
	}
	for i := range 64 {
		changed := bytes.Clone(body)
		changed[8+i] ^= 2 // a becomes c
		crc, flip := crc32.ChecksumIEEE(changed)^base, uint64(1)<<i
		for crc != 0 {
			top := bits.Len32(crc) - 1
			if rows[top].crc == 0 {
				rows[top].crc, rows[top].flip = crc, flip
				break
			}
			crc, flip = crc^rows[top].crc, flip^rows[top].flip
		}
	}
	left, flips := base^want, uint64(0)
	for top := 31; top >= 0; top-- {
		if left>>top&1 == 1 {
			left, flips = left^rows[top].crc, flips^rows[top].flip
		}
	}
	for i := range 64 {
		body[8+i] ^= byte(flips>>i&1) << 1
	}
	if crc32.ChecksumIEEE(body) != want {
		t.Fatal("the body could not be made to fit")
	}
	return body
}
