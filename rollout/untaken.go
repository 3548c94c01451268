package rollout

import (
	"errors"

	"github.com/paymux/paymux/internal/rpc"
)

var errUntaken = errors.New("rollout: nobody took the request up")

// untaken reports whether a request reached no package at all, so that another
// version may have it. A package's own "not sent" is about the institution.
func untaken(err error) bool { return errors.Is(err, rpc.ErrNotTaken) || errors.Is(err, errUntaken) }
