package access

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"
	"github.com/paymux/paymux"
)

// maxKey is how long an Idempotency-Key may be.
const maxKey = 255

// idempotencyKey reads the header: a structured string ("k", RFC 8941) or the
// bare text k. need tells whether it must be there.
func idempotencyKey(h http.Header, need bool) (string, error) {
	sent := h["Idempotency-Key"]
	if len(sent) == 0 || len(sent) == 1 && sent[0] == "" {
		if need {
			return "", paymux.Errorf(paymux.KeyMissing, "Send an Idempotency-Key header with this request: 1 to %d printable characters, the same on every repeat.", maxKey).At("Idempotency-Key")
		}
		return "", nil
	}
	if len(sent) > 1 {
		return "", badKey("is there more than once")
	}
	key := strings.TrimSpace(sent[0])
	if strings.HasPrefix(key, `"`) {
		item, err := httpsfv.UnmarshalItem(sent)
		text, ok := item.Value.(string)
		if err != nil || !ok {
			return "", badKey("begins with a quotation mark and is not a structured string")
		}
		key = text
	}
	if key == "" || len(key) > maxKey {
		return "", badKey("must have 1 to 255 characters")
	}
	for i := range len(key) {
		if key[i] < 0x20 || key[i] > 0x7e {
			return "", badKey("must have printable ASCII characters only")
		}
	}
	return key, nil
}

func badKey(what string) error {
	e := paymux.Errorf(paymux.InvalidRequest, "Idempotency-Key %s.", what).At("Idempotency-Key")
	e.Fields = []paymux.FieldError{{Location: "header.Idempotency-Key", Message: what}}
	return e
}

// fingerprint tells requests apart: SHA-256 over method, path and body, each closed by a zero byte.
func fingerprint(parts ...[]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
		h.Write([]byte{0})
	}
	return h.Sum(nil)
}

// change is something other than a payment that a request is about to make.
type change struct {
	object  string // ID of what is made or changed
	created bool
	// answer is kept for repeats, shown is what the first answer has instead: the same with its secret. Nil: the same.
	answer, shown any
	// commit writes the change and the record in one transaction.
	commit func(ctx context.Context, i *paymux.Idempotency) error
}

// once carries out a change at most once per idempotency key (X2). decide is
// asked only when the key is new, so that a repeat needs nothing of the state
// the first request found. Losing a race against the same key answers with the winner's reply.
func (s *Server) once(ctx context.Context, c *call, decide func() (change, error)) (paymux.Reply, error) {
	if reply, found, err := s.kept(ctx, c); found || err != nil {
		return reply, err
	}
	todo, err := decide()
	if err != nil {
		return paymux.Reply{}, err
	}
	record, reply, err := record(c, &todo, s.now().UTC())
	if err != nil {
		return reply, err
	}
	err = todo.commit(ctx, record)
	if errors.Is(err, paymux.ErrKeyTaken) {
		reply, found, err := s.kept(ctx, c)
		if err == nil && !found {
			err = inFlight()
		}
		return reply, err
	}
	if err != nil {
		return paymux.Reply{}, err
	}
	if todo.shown != nil {
		reply.Object, err = json.Marshal(todo.shown)
	}
	return reply, err
}

// keeper is what a request's record is committed with: the link that is changed, or else what belongs to the merchant.
func (c *call) keeper() string {
	if c.route.prefix == paymux.PrefixLink {
		return c.id
	}
	return string(c.caller.Merchant)
}

// kept finds the reply of an earlier request with this key.
func (s *Server) kept(ctx context.Context, c *call) (reply paymux.Reply, found bool, err error) {
	had, err := s.answersOf(c.keeper()).Idempotency(ctx, c.caller.Merchant, c.caller.Idempotency)
	if errors.Is(err, paymux.NotFound) {
		return reply, false, nil
	}
	if err != nil {
		return reply, false, err
	}
	if string(had.Fingerprint) != string(c.caller.Fingerprint) {
		return reply, false, reused(c.caller.Idempotency)
	}
	if len(had.Answer) == 0 {
		return reply, false, inFlight()
	}
	if err := json.Unmarshal(had.Answer, &reply); err != nil {
		return reply, false, err
	}
	reply.Replayed = true
	return reply, true, nil
}

func reused(key string) error {
	return paymux.Errorf(paymux.KeyReused, "The Idempotency-Key %q was first used with another method, path or body. Use a new key for a new request.", clip(key)).At("Idempotency-Key")
}

func inFlight() error {
	e := paymux.Errorf(paymux.KeyInFlight, "The first request with this Idempotency-Key is still being answered; repeat it in a second.")
	e.RetryAfter = 1
	return e
}

// record writes down what repeats of a request will be told. It never has a secret: that is in change.shown alone.
func record(c *call, todo *change, now time.Time) (*paymux.Idempotency, paymux.Reply, error) {
	object, err := json.Marshal(todo.answer)
	if err != nil {
		return nil, paymux.Reply{}, err
	}
	reply := paymux.Reply{Object: object, Created: todo.created, RequestID: c.caller.RequestID}
	kept, err := json.Marshal(reply)
	if err != nil {
		return nil, paymux.Reply{}, err
	}
	return &paymux.Idempotency{
		Merchant:    c.caller.Merchant,
		Key:         c.caller.Idempotency,
		Fingerprint: c.caller.Fingerprint,
		Object:      todo.object,
		CreatedAt:   now,
		Answer:      kept,
	}, reply, nil
}
