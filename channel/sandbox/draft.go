package sandbox

import (
	"iter"
	"slices"

	"github.com/paymux/paymux"
)

// draft is what one decision changes, not yet in the book.
type draft struct {
	book  *book
	entry entry
}

func (d *draft) empty() bool {
	return len(d.entry.Charges)+len(d.entry.Notes)+len(d.entry.Done) == 0
}

// charge reads a record, as drafted so far.
func (d *draft) charge(id paymux.OperationID) (c Charge, ok bool) {
	for _, c := range d.entry.Charges {
		if c.Operation == id {
			return c, true
		}
	}
	if c := d.book.charges[id]; c != nil {
		return *c, true
	}
	return Charge{}, false
}

// put writes a record.
func (d *draft) put(c Charge) {
	for at := range d.entry.Charges {
		if d.entry.Charges[at].Operation == c.Operation {
			d.entry.Charges[at] = c
			return
		}
	}
	d.entry.Charges = append(d.entry.Charges, c)
}

func (d *draft) note(n note) { d.entry.Notes = append(d.entry.Notes, n) }

// find reads a durable record.
func (b *book) find(id paymux.OperationID) (c Charge, ok bool, err error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.broken != nil {
		return Charge{}, false, b.broken
	}
	if c := b.charges[id]; c != nil {
		return *c, true, nil
	}
	return Charge{}, false, nil
}

// ofPage finds the charge a payer's page is about.
func (b *book) ofPage(page string) (c Charge, ok bool, err error) {
	b.mu.RLock()
	id, ok := b.pages[page]
	b.mu.RUnlock()
	if !ok {
		return Charge{}, false, nil
	}
	return b.find(id)
}

// Charges lists the whole book in the order operations came in.
func (i *Institution) Charges() iter.Seq[Charge] {
	return i.charges(func(*Charge) bool { return true })
}

// Charge reads one operation's record; ok is false where the institution has never seen it.
func (i *Institution) Charge(id paymux.OperationID) (c Charge, ok bool) {
	c, ok, err := i.book.find(id)
	return c, ok && err == nil
}

// ChargesOf lists a payment's charges in the order they came in.
func (i *Institution) ChargesOf(payment paymux.PaymentID) []Charge {
	b := i.book
	b.mu.RLock()
	defer b.mu.RUnlock()
	ids := b.payments[payment]
	of := make([]Charge, 0, len(ids))
	for _, id := range ids {
		of = append(of, *b.charges[id])
	}
	return of
}

func (i *Institution) charges(want func(*Charge) bool) iter.Seq[Charge] {
	return func(yield func(Charge) bool) {
		b := i.book
		for at := 0; ; at++ {
			b.mu.RLock()
			if at >= len(b.order) {
				b.mu.RUnlock()
				return
			}
			c := b.charges[b.order[at]]
			b.mu.RUnlock()
			if want(c) && !yield(*c) {
				return
			}
		}
	}
}

// newest lists charges, newest first; payment empty lists all.
func (i *Institution) newest(payment paymux.PaymentID) iter.Seq[Charge] {
	b := i.book
	b.mu.RLock()
	ids := b.order
	if payment != "" {
		ids = b.payments[payment]
	}
	b.mu.RUnlock()
	return func(yield func(Charge) bool) {
		for _, id := range slices.Backward(ids) {
			if c, ok := i.Charge(id); ok && !yield(c) {
				return
			}
		}
	}
}
