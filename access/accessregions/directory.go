package accessregions

import (
	"context"
	"errors"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/relay"
)

// credential is a key with the merchant behind it.
type credential struct {
	key      paymux.Key
	merchant paymux.Merchant
}

// Key implements access.Directory: from the own region, which has copies of all keys; from the key's home where it is not there yet; and then
// from any. Unavailable where nobody has it and somebody who might does not answer.
func (r *Regions) Key(ctx context.Context, id paymux.KeyID) (paymux.Key, paymux.Merchant, error) {
	return r.credential(ctx, string(id), func(ctx context.Context, n *accessrpc.Node) (credential, error) {
		k, m, err := n.Directory.Key(ctx, id)
		return credential{k, m}, err
	})
}

// KeyByDigest implements access.Directory, as Key does.
func (r *Regions) KeyByDigest(ctx context.Context, digest []byte) (paymux.Key, paymux.Merchant, error) {
	return r.credential(ctx, "", func(ctx context.Context, n *accessrpc.Node) (credential, error) {
		k, m, err := n.Directory.KeyByDigest(ctx, digest)
		return credential{k, m}, err
	})
}

// credential asks the own region, then that of an ID, which may be empty, then the others.
func (r *Regions) credential(ctx context.Context, id string, ask func(context.Context, *accessrpc.Node) (credential, error)) (paymux.Key, paymux.Merchant, error) {
	asked := []string{r.own}
	got, err := relay.In(ctx, r.reads, r.own, ask)
	if home := r.reads.Home(id); open(err) && home != "" && home != r.own {
		asked = append(asked, home)
		if there, fault := relay.In(ctx, r.reads, home, ask); !errors.Is(fault, paymux.NotFound) {
			got, err = there, fault
		}
	}
	if !open(err) {
		return got.key, got.merchant, err
	}
	for _, part := range relay.Each(ctx, r.reads, ask, asked...) {
		if part.Err == nil {
			return part.Value.key, part.Value.merchant, nil
		}
		if !errors.Is(part.Err, paymux.NotFound) {
			err = part.Err
		}
	}
	return paymux.Key{}, paymux.Merchant{}, err
}

// open reports whether another region may have what one has not, or did not say.
func open(err error) bool { return missing(err) || errors.Is(err, paymux.NotFound) }

// Revision implements access.Directory. It is the own region's, which rises with every copy that comes in, so that a change made anywhere is
// seen when it has been copied here. While the own region is away it is another's, and told from it by its sign: whatever is cached
// is read again then, and again when the own one is back. That one of the others is away changes nothing.
func (r *Regions) Revision(ctx context.Context) (int64, error) {
	ask := func(ctx context.Context, n *accessrpc.Node) (int64, error) { return n.Directory.Revision(ctx) }
	own, err := relay.In(ctx, r.reads, r.own, ask)
	if !missing(err) {
		return own, err
	}
	for at, region := range r.reads.Regions() {
		if region == r.own {
			continue
		}
		if other, fault := relay.In(ctx, r.reads, region, ask); fault == nil {
			return -1 - (other<<12 | int64(at)), nil
		}
	}
	return 0, err
}
