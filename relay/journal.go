package relay

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/paymux/paymux"
)

// Journal is what all frontends share about idempotency keys: a store of small values that are replaced only by
// who knows what is there. Values live for a day or longer after they were last written.
// It must never answer with less than what it has confirmed. Questions have a deadline. NATSJournal is one.
type Journal interface {
	// Get returns what is written under a name, and its revision. Errors: ErrNotWritten where nothing
	// is; any other means that the journal is away.
	Get(ctx context.Context, name string) (body []byte, revision uint64, err error)
	// Put writes body where the revision is still was, 0: where nothing is written, and returns the new one. Errors:
	// ErrRewritten, then nothing was written; any other leaves open whether it was, now or in a moment.
	Put(ctx context.Context, name string, body []byte, was uint64) (revision uint64, err error)
}

var (
	// ErrNotWritten: the journal has nothing under this name.
	ErrNotWritten = errors.New("relay: not in the journal")
	// ErrRewritten: the journal has something else under this name than was thought.
	ErrRewritten = errors.New("relay: the journal has something else")
)

// entry is what the journal has of a key.
type entry struct {
	Region paymux.Region `json:"region"`
	Name   string        `json:"name"`           // for people
	Used   bool          `json:"used"`           // by others than who made it: from now on it stays
	Void   bool          `json:"void,omitempty"` // the same as none: nothing was sent by it
}

// entryName is a key's name in the journal: one token, which says nothing of merchant and key.
func entryName(merchant paymux.MerchantID, key string) string {
	h := sha256.New()
	h.Write([]byte(merchant))
	h.Write([]byte{0})
	h.Write([]byte(key))
	var sum [sha256.Size]byte
	return "k." + base64.RawURLEncoding.EncodeToString(h.Sum(sum[:0])[:18])
}

// marksName is where the journal has what concerns all keys.
const marksName = "marks"

// marks tell frontends what they cannot see from single keys.
type marks struct {
	Began   time.Time            `json:"began"`   // the journal; another time means that it was lost and begun again
	Written time.Time            `json:"written"` // the marks
	Left    map[string]time.Time `json:"left"`    // when keys last went elsewhere than to this home, to the minute
}

func readEntry(body []byte) (e entry, err error) { return e, json.Unmarshal(body, &e) }

// encode writes what cannot fail to be written.
func encode[T entry | marks](v T) []byte {
	body, _ := json.Marshal(v)
	return body
}
