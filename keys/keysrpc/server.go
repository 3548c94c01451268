package keysrpc

import (
	"context"
	"strings"

	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/keys/keyuse"
)

// Group is the queue group in which the key services of one file share the requests.
const Group = "keys"

// Serve answers requests with a key service: as is keys.Service.As. each request is carried out as the caller that its subject names.
// The server's configuration needs Faults, and Group where several services share a file.
func Serve(s *rpc.Server, as func(caller string) keyuse.User) error {
	for verb, do := range map[string]func(context.Context, keyuse.User, *question) (answer, error){
		verbKeyID: keyID, verbChain: chain, verbPublic: public, verbSign: sign, verbVerify: verify,
		verbEncrypt: encrypt, verbDecrypt: decrypt, verbUnwrap: unwrap, verbReveal: reveal,
	} {
		err := rpc.ServeEach(s, prefix+"*."+verb, func(ctx context.Context, subject string, q question) (answer, error) {
			a, err := do(keyuse.WithRequest(ctx, q.Request), as(callerOf(subject)), &q)
			if err != nil {
				return answer{}, err
			}
			switch verb {
			case verbDecrypt, verbUnwrap, verbReveal:
				err = seal(verb, &q, &a)
			}
			return a, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func callerOf(subject string) string {
	caller, _, _ := strings.Cut(strings.TrimPrefix(subject, prefix), ".")
	return caller
}

func keyID(ctx context.Context, u keyuse.User, q *question) (a answer, err error) {
	a.KeyID, err = u.KeyID(ctx, q.Key)
	return a, err
}

func chain(ctx context.Context, u keyuse.User, q *question) (a answer, err error) {
	a.Chain, err = u.Chain(ctx, q.Key, q.KeyID)
	return a, err
}

func public(ctx context.Context, u keyuse.User, q *question) (a answer, err error) {
	a.Public, err = u.Public(ctx, q.Key)
	return a, err
}

func sign(ctx context.Context, u keyuse.User, q *question) (a answer, err error) {
	a.Result, err = u.Sign(ctx, q.Key, q.KeyID, q.Message)
	return a, err
}

func verify(ctx context.Context, u keyuse.User, q *question) (answer, error) {
	err := u.Verify(ctx, q.Key, q.Message, q.Signature)
	return answer{Correct: err == nil}, err
}

func encrypt(ctx context.Context, u keyuse.User, q *question) (a answer, err error) {
	a.Result, err = u.Encrypt(ctx, q.Key, q.KeyID, q.Plain, q.Nonce, q.Associated)
	return a, err
}

func decrypt(ctx context.Context, u keyuse.User, q *question) (a answer, err error) {
	a.Result, err = u.Decrypt(ctx, q.Key, q.Sealed, q.Nonce, q.Associated)
	return a, err
}

func unwrap(ctx context.Context, u keyuse.User, q *question) (a answer, err error) {
	var w keyuse.Wrapped
	if q.Wrapped != nil {
		w = keyuse.Wrapped(*q.Wrapped)
	}
	a.Result, err = u.Unwrap(ctx, q.Key, q.KeyID, w)
	return a, err
}

func reveal(ctx context.Context, u keyuse.User, q *question) (answer, error) {
	secret, err := u.Reveal(ctx, q.Key)
	return answer{Secret: secret.Reveal()}, err
}
