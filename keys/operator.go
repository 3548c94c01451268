package keys

import (
	"context"
	"errors"
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/keyring"
)

// Operator is somebody who keeps keys: makes and imports versions, moves them through their
// states, says who may use them. Each act, done or refused, is in the audit under the operator's name. An act
// is done when it returns; the next use, in any process, sees it. Safe for concurrent use.
type Operator struct {
	service *Service
	name    string
}

// By returns the service as an operator sees it. Who may act is for the caller of By to see to.
func (s *Service) By(operator string) *Operator { return &Operator{s, operator} }

// act changes keys, or refuses to, and puts it into the audit.
func (o *Operator) act(verb string, key Name, detail string, do func(*transaction) (version int, err error)) error {
	s := o.service
	row := Entry{Caller: clip(o.name, 64), Verb: verb, Key: Name(clip(string(key), 64)), Detail: clip(detail, 1024)}
	err := s.inTx(func(t *transaction) (err error) {
		if row.Version, err = do(t); err != nil {
			return err
		}
		if err = t.revise(); err != nil {
			return err
		}
		row.Outcome = outcomeOf(nil)
		return t.append(&row)
	})
	if err == nil || errors.Is(err, errStale) {
		return err
	}
	row.Outcome = outcomeOf(err)
	return errors.Join(fmt.Errorf("%s %s: %w", verb, key, err), s.inTx(func(t *transaction) error { return t.append(&row) }))
}

// Generate makes a version, and a key where the name is new. It is pending, unless the draft wants it active at once.
func (o *Operator) Generate(ctx context.Context, d Draft) (Version, error) {
	return o.add(ctx, "generate", d, "")
}

// Import takes over a key's text, as keyring.Parse reads it, as a version, and as a key where the name is
// new. An institution's public key or certificate can be imported, too, to verify and encrypt; a
// certificate is its own chain.
func (o *Operator) Import(ctx context.Context, d Draft, text paymux.Secret) (Version, error) {
	if text == "" {
		return Version{}, fmt.Errorf("import %s: %w: the text is empty", d.Name, ErrInvalid)
	}
	return o.add(ctx, "import", d, text)
}

// Rotate puts a new version, generated or, where there is a text, imported, in the place of the
// active one, which retires, all in one step.
func (o *Operator) Rotate(ctx context.Context, d Draft, text paymux.Secret) (Version, error) {
	d.Activate = true
	return o.add(ctx, "rotate", d, text)
}

func (o *Operator) add(ctx context.Context, verb string, d Draft, text paymux.Secret) (v Version, err error) {
	b, err := o.service.freshen()
	if err != nil {
		return v, err
	}
	if e, ok := b.keys[d.Name]; ok && d.Kind == "" {
		d.Kind = e.Kind
	} else if !ok && verb == "rotate" {
		_, err = b.find(d.Name)
		return v, o.act(verb, d.Name, "", func(*transaction) (int, error) { return 0, err })
	}
	if text == "" {
		generated, err := keyring.Generate(d.Kind, d.Bits)
		if err != nil {
			return v, fmt.Errorf("%s %s: %w: %w", verb, d.Name, ErrInvalid, err)
		}
		text = paymux.Secret(generated)
	}
	key, err := keyring.Parse(d.Kind, text.Reveal())
	if err != nil {
		return v, fmt.Errorf("%s %s: %w: %w", verb, d.Name, ErrInvalid, err)
	}
	if d.Chain == "" && isCertificate(text.Reveal()) {
		d.Chain = text.Reveal()
	}
	if v, err = d.version(key); err != nil {
		return v, fmt.Errorf("%s %s: %w", verb, d.Name, err)
	}
	return o.keep(ctx, verb, d, v, text)
}

// keep seals a version and writes it. The number it is sealed for is the one that is free now; where
// somebody else takes that first, it is sealed for the next.
func (o *Operator) keep(ctx context.Context, verb string, d Draft, v Version, text paymux.Secret) (Version, error) {
	for {
		b, err := o.service.freshen()
		if err != nil {
			return v, err
		}
		v.Number = 1
		if e, ok := b.keys[d.Name]; ok {
			v.Number = len(e.Versions) + 1
		}
		plain := []byte(text.Reveal())
		sealed, err := seal(ctx, o.service.key(), placeOf(d.Name, d.Kind, v.Number), plain)
		clear(plain)
		if err != nil {
			return v, fmt.Errorf("%s %s: %w", verb, d.Name, err)
		}
		err = o.act(verb, d.Name, string(d.Kind)+" "+v.KeyID, func(t *transaction) (int, error) {
			if t.book.revision != b.revision {
				return 0, errStale
			}
			if err := t.under(o.service.key()); err != nil {
				return 0, err
			}
			return v.Number, t.add(&d, &v, sealed)
		})
		if !errors.Is(err, errStale) {
			return v, err
		}
	}
}

// under refuses to seal under a master that is no longer the file's.
func (t *transaction) under(m Master) error {
	n, err := number(t.conn, "SELECT count(*) FROM book WHERE master = ?", m.Name())
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: the file was sealed anew; start again with its new master", ErrMaster)
	}
	return err
}

// add writes a version that is new.
func (t *transaction) add(d *Draft, v *Version, sealed []byte) error {
	e, ok := t.book.keys[d.Name]
	if ok {
		if err := d.fits(&e.Key); err != nil {
			return err
		}
	} else {
		k, err := d.key()
		if err != nil {
			return err
		}
		k.CreatedAt = t.now
		if err := t.writeKey(&k); err != nil {
			return err
		}
		e = &entry{Key: k}
	}
	for _, other := range e.Versions {
		if v.KeyID != "" && other.KeyID == v.KeyID && other.State != Destroyed {
			return fmt.Errorf("%w: version %d has the key ID %s already", ErrInvalid, other.Number, v.KeyID)
		}
	}
	v.CreatedAt = t.now
	if err := t.writeVersion(d.Name, v, sealed); err != nil || !d.Activate {
		return err
	}
	return t.activate(&e.Key, v)
}

// activate makes a version the active one; the one that was retires.
func (t *transaction) activate(k *Key, v *Version) error {
	if err := v.State.become(Active); err != nil {
		return err
	}
	if old, ok := k.Active(); ok {
		if err := t.move(k.Name, &old, Retiring); err != nil {
			return err
		}
	}
	return t.move(k.Name, v, Active)
}

// move writes a version in its next state.
func (t *transaction) move(key Name, v *Version, next State) error {
	if err := v.State.become(next); err != nil {
		return err
	}
	v.State = next
	switch next {
	case Active:
		v.ActivatedAt = t.now
	case Retiring:
		v.RetiringAt = t.now
	case Destroyed:
		v.DestroyedAt = t.now
	}
	return t.writeVersion(key, v, nil)
}
