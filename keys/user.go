package keys

import (
	"context"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/keys/keyuse"
)

// Wrapped is the content key of a JWE: see package keyring.
type Wrapped = keyring.Wrapped

// User is a caller of the service: what it may use is for each key to say. Safe for concurrent use.
// Whoever needs keys declares an interface of the methods it needs; keysrpc.Client has the same
// ones, so that nobody can tell whether the service is in its process.
//
// Errors of all methods: ErrNoKey; ErrForbidden; ErrState where no version is in the state that is
// needed; keyring.ErrUnable for what the kind of key cannot do. With any error nothing was
// signed, opened or judged, but that of Verify and Decrypt may be the judgement keyring.ErrWrong. Every use
// is in the audit before its result is returned; without an audit there is no use.
type User struct {
	service *Service
	caller  string
}

// As returns the service as a caller sees it. Who calls is for the caller of As to know for sure.
func (s *Service) As(caller string) *User { return &User{s, caller} }

// KeyID is how the institution calls the active version; empty where it has no name for it.
func (u *User) KeyID(ctx context.Context, key Name) (id string, err error) {
	err = u.look(ctx, useKeyID, key, func(e *entry) error {
		v, err := e.pick("")
		id = v.KeyID
		return err
	})
	return id, err
}

// Chain is a version's certificates in DER, its own first: of the live version of that KeyID
// or, where it is empty, of the active one. Empty where it has none.
func (u *User) Chain(ctx context.Context, key Name, keyID string) (chain [][]byte, err error) {
	err = u.look(ctx, useChain, key, func(e *entry) error {
		v, err := e.pick(keyID)
		chain = v.Chain
		return err
	})
	return chain, err
}

// Public lists the live versions' public keys, the active one first. Kinds without a public half have none.
func (u *User) Public(ctx context.Context, key Name) (list []keyuse.Public, err error) {
	err = u.look(ctx, useChain, key, func(e *entry) error {
		live, err := e.live()
		for _, v := range live {
			if v.Public != "" {
				list = append(list, keyuse.Public{KeyID: v.KeyID, PEM: v.Public})
			}
		}
		return err
	})
	return list, err
}

// look tells what is public. It is no use, and only its refusal is put into the audit.
func (u *User) look(ctx context.Context, verb Use, key Name, tell func(*entry) error) error {
	b, err := u.service.freshen()
	if err != nil {
		return err
	}
	e, err := b.permit(u.caller, verb, key)
	if err != nil {
		return u.use(ctx, verb, key, nil, func(e *entry, _ *Entry) error { return tell(e) })
	}
	return tell(e)
}

// Sign signs, or authenticates, with the active version or, where keyID is not empty, with the live version that is
// called so: one that has begun to build a request under a name finishes it under that name.
func (u *User) Sign(ctx context.Context, key Name, keyID string, message []byte) (signature []byte, err error) {
	err = u.use(ctx, UseSign, key, digest(message), func(e *entry, r *Entry) error {
		return u.service.withOne(ctx, e, keyID, r, func(k keyring.Key) error {
			return u.service.inTurn(ctx, e.Kind, func() (err error) {
				signature, err = k.Sign(message)
				return err
			})
		})
	})
	return kept(signature, err)
}

// Verify returns nil where a live version has signed the message, keyring.ErrWrong where none has.
func (u *User) Verify(ctx context.Context, key Name, message, signature []byte) error {
	return u.use(ctx, UseVerify, key, digest(message), func(e *entry, r *Entry) error {
		return u.service.withLive(ctx, e, r, func(k keyring.Key) error { return k.Verify(message, signature) })
	})
}

// Encrypt encrypts to the active version or, where keyID is not empty, to the live one that is called so.
// Nonce and associated data are those of the key's kind.
func (u *User) Encrypt(ctx context.Context, key Name, keyID string, plain, nonce, associated []byte) (sealed []byte, err error) {
	err = u.use(ctx, UseEncrypt, key, nil, func(e *entry, r *Entry) error {
		return u.service.withOne(ctx, e, keyID, r, func(k keyring.Key) (err error) {
			sealed, err = k.Encrypt(plain, nonce, associated)
			r.Digest = digest(sealed)
			return err
		})
	})
	return kept(sealed, err)
}

// Decrypt opens what was encrypted to a live version; keyring.ErrWrong where none can.
func (u *User) Decrypt(ctx context.Context, key Name, sealed, nonce, associated []byte) (plain []byte, err error) {
	err = u.use(ctx, UseDecrypt, key, digest(sealed), func(e *entry, r *Entry) error {
		return u.service.withLive(ctx, e, r, func(k keyring.Key) error {
			return u.service.inTurn(ctx, e.Kind, func() (err error) {
				plain, err = k.Decrypt(sealed, nonce, associated)
				return err
			})
		})
	})
	return kept(plain, err)
}

// Unwrap opens the content key of a JWE that was encrypted to the live version of that KeyID or, where
// it is empty, to any. A key that was agreed on (ECDH-ES) cannot be told from a wrong one, so name the version.
func (u *User) Unwrap(ctx context.Context, key Name, keyID string, w Wrapped) (content []byte, err error) {
	err = u.use(ctx, UseUnwrap, key, digest(append(w.Ephemeral[:len(w.Ephemeral):len(w.Ephemeral)], w.Encrypted...)), func(e *entry, r *Entry) error {
		open := func(k keyring.Key) error {
			return u.service.inTurn(ctx, e.Kind, func() (err error) {
				content, err = k.Unwrap(w)
				return err
			})
		}
		if keyID != "" {
			return u.service.withOne(ctx, e, keyID, r, open)
		}
		return u.service.withLive(ctx, e, r, open)
	})
	return kept(content, err)
}

// Reveal tells the active version of a key of kind opaque. Ask each time: a rotated one is used at once.
func (u *User) Reveal(ctx context.Context, key Name) (secret paymux.Secret, err error) {
	err = u.use(ctx, UseReveal, key, nil, func(e *entry, r *Entry) error {
		return u.service.withOne(ctx, e, "", r, func(k keyring.Key) error {
			opaque, ok := k.(keyring.Secret)
			if !ok {
				return keyring.ErrUnable
			}
			secret = paymux.Secret(opaque.Reveal())
			return nil
		})
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// kept lets nothing out beside an error.
func kept(result []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return result, nil
}
