package access_test

import (
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

func (d *door) enter(t testing.TB, key paymux.KeyID) error {
	t.Helper()
	_, err := d.Authenticate(d.signed(t, key), []byte(payBody))
	return err
}

func TestDirectoryIsAskedOnce(t *testing.T) {
	t.Parallel()
	d := newDoor(t, access.Options{})
	for range 20 {
		if err := d.enter(t, keyHMAC); err != nil {
			t.Fatal(err)
		}
	}
	if n := d.shelf.reads.Load(); n != 1 {
		t.Errorf("%d reads for 20 requests of one key", n)
	}
	for range 20 {
		wantCode(t, d.enterAs(t, "key_unknown"), paymux.Unauthenticated)
	}
	if n := d.shelf.reads.Load(); n != 2 {
		t.Errorf("%d reads after 20 requests of an unknown key, want one more", n-1)
	}
}

// enterAs signs under another key ID.
func (d *door) enterAs(t testing.TB, id paymux.KeyID) error {
	t.Helper()
	d.keys[id] = d.shared
	return d.enter(t, id)
}

func TestDirectoryConcurrentMisses(t *testing.T) {
	t.Parallel()
	d := newDoor(t, access.Options{})
	d.shelf.hold = make(chan struct{})
	hold := d.shelf.hold
	results := make(chan error, 32)
	for range cap(results) {
		r := d.signed(t, keyHMAC)
		go func() {
			_, err := d.Authenticate(r, []byte(payBody))
			results <- err
		}()
	}
	close(hold)
	for range cap(results) {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if n := d.shelf.reads.Load(); n != 1 {
		t.Errorf("%d reads for one key asked for at the same time", n)
	}
}

func TestDirectoryChanges(t *testing.T) {
	t.Parallel()
	d := newDoor(t, access.Options{})
	if err := d.enter(t, keyHMAC); err != nil {
		t.Fatal(err)
	}
	revoke := func(id paymux.KeyID) {
		d.shelf.change(func() {
			k := d.shelf.keys[id]
			k.RevokedAt = d.clock.now()
			d.shelf.keys[id] = k
		})
	}
	revoke(keyHMAC)
	d.clock.move(time.Second)
	wantCode(t, d.enter(t, keyHMAC), paymux.Unauthenticated, "revoked")

	// Without a wait, after Invalidate.
	if err := d.enter(t, keyEd25519); err != nil {
		t.Fatal(err)
	}
	revoke(keyEd25519)
	d.Invalidate()
	wantCode(t, d.enter(t, keyEd25519), paymux.Unauthenticated, "revoked")

	// A key that is made is known at once where the cache is told, and after a moment where not.
	wantCode(t, d.enterAs(t, "key_new"), paymux.Unauthenticated)
	d.shelf.change(func() {
		k := d.shelf.keys[keyHMAC]
		k.ID, k.RevokedAt = "key_new", time.Time{}
		d.shelf.keys[k.ID] = k
	})
	d.clock.move(time.Second)
	if err := d.enterAs(t, "key_new"); err != nil {
		t.Error(err)
	}
}

func TestDirectoryFails(t *testing.T) {
	t.Parallel()
	d := newDoor(t, access.Options{})
	if err := d.enter(t, keyHMAC); err != nil {
		t.Fatal(err)
	}
	d.shelf.change(func() { d.shelf.fail = errors.New("the disk is gone") })
	for range 3 {
		d.clock.move(2 * time.Second)
		d.Invalidate()
		if err := d.enter(t, keyHMAC); err != nil {
			t.Fatalf("a kept key while the directory fails: %v", err)
		}
	}
	err := d.enter(t, keyEd25519)
	wantCode(t, err, paymux.Unavailable)
	var e *paymux.Error
	if errors.As(err, &e); e.Err == nil {
		t.Error("the cause was lost")
	}
	d.shelf.change(func() { d.shelf.fail = nil })
	if err := d.enter(t, keyEd25519); err != nil {
		t.Errorf("a failure was kept: %v", err)
	}
}

func TestDirectoryIsBounded(t *testing.T) {
	t.Parallel()
	d := newDoor(t, access.Options{Credentials: 16, FailureLimit: paymux.Limit{Requests: 100_000, Seconds: 60}})
	var all sync.WaitGroup
	for i := range 8 {
		signed := d.signed(t, keyHMAC)
		all.Go(func() {
			for n := range 200 {
				r := signed.Clone(t.Context())
				id := string(rune('a'+i)) + string(rune('a'+n%26)) + string(rune('a'+n/26))
				r.Header.Set("Signature-Input", `sig1=("@method");created=1;nonce="12345678";keyid="key_`+id+`"`)
				d.Authenticate(r, []byte(payBody))
			}
		})
	}
	all.Wait()
	if err := d.enter(t, keyHMAC); err != nil {
		t.Error(err)
	}
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	d := newDoor(t, access.Options{})
	d.shelf.change(func() {
		d.shelf.merchant.Policy.Services = []paymux.ServiceType{paymux.ServicePay, paymux.ServiceQuery}
		d.shelf.merchant.Policy.Addresses = []string{"203.0.113.0/24", "2001:db8::/32"}
		k := d.shelf.keys[keyEd25519]
		k.Services = []paymux.ServiceType{paymux.ServiceQuery, paymux.ServiceRefund}
		k.Addresses = []string{"203.0.113.7/32"}
		d.shelf.keys[keyEd25519] = k
	})
	for _, c := range []struct {
		key     paymux.KeyID
		addr    string
		service paymux.ServiceType
		refused string // words of the message
	}{
		{keyHMAC, "203.0.113.7:1", paymux.ServicePay, ""},
		{keyHMAC, "203.0.113.7:1", paymux.ServiceRefund, `"refund" is not open to this merchant`},
		{keyHMAC, "198.51.100.1:1", paymux.ServicePay, "198.51.100.1"},
		{keyHMAC, "[2001:db8::1]:1", paymux.ServicePay, ""},
		{keyHMAC, "[::ffff:203.0.113.9]:1", paymux.ServicePay, ""},
		{keyEd25519, "203.0.113.7:1", paymux.ServiceQuery, ""},
		{keyEd25519, "203.0.113.7:1", paymux.ServicePay, `"pay" is not open to the key`},
		{keyEd25519, "203.0.113.7:1", paymux.ServiceRefund, `"refund" is not open to this merchant`},
		{keyEd25519, "203.0.113.8:1", paymux.ServiceQuery, "list of the key"},
	} {
		r := d.signed(t, c.key)
		r.RemoteAddr = c.addr
		who, err := d.Authenticate(r, []byte(payBody))
		if err != nil {
			t.Fatal(err)
		}
		check := func(who access.Identity) {
			t.Helper()
			err := d.Authorize(who, c.service)
			if c.refused == "" && err != nil {
				t.Errorf("%s from %s: %v", c.service, c.addr, err)
			}
			if c.refused != "" {
				wantCode(t, err, paymux.Forbidden, c.refused, string(c.service))
			}
		}
		check(who)
		check(access.Identity{Merchant: who.Merchant, Key: who.Key, Addr: who.Addr}) // put together by hand
	}
	// A list that nobody can read opens nothing.
	bad := access.Identity{Merchant: paymux.Merchant{Policy: paymux.Policy{Addresses: []string{"203.0.113.7"}}}, Addr: netip.MustParseAddr("203.0.113.7")}
	wantCode(t, d.Authorize(bad, paymux.ServicePay), paymux.Forbidden)
}
