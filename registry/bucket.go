package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// newsPrefix begins the subjects on which NATS repeats what a bucket has stored: paymux.registry.<bucket>.<key>. Nobody
// but the server can publish there.
const newsPrefix = "paymux.registry."

// Headers that the server and writers of buckets use (NATS ADR-8, ADR-31).
const (
	sequenceHeader  = "Nats-Sequence"
	subjectHeader   = "Nats-Subject"
	timeHeader      = "Nats-Time-Stamp"
	operationHeader = "KV-Operation"
	deleted         = "DEL"
)

var (
	errNoBucket     = errors.New("the bucket is not there")
	errNoConnection = errors.New("no connection to NATS")
)

// bucket is a JetStream key-value bucket, which the nats tool shows as one.
//
// It is followed without consumers: a consumer may deliver to any subject, so who may
// make one could speak in the name of others. News come by republishing, what was there before by direct
// reads. For the same reason it allows no roll-ups and no TTL a message, which would let a
// writer of one key purge the others or live for ever; so there are no markers of expiry either.
type bucket struct {
	name    string
	conn    *nats.Conn
	js      jetstream.JetStream
	config  jetstream.StreamConfig
	creates bool
}

// kind is how a bucket is kept.
type kind struct {
	name    string
	storage jetstream.StorageType
	history int64
	life    time.Duration // of an entry; zero: for good
}

func (r *Registry) bucket(k kind) *bucket {
	js, _ := jetstream.New(r.Conn) // fails on options only
	twice := 2 * time.Minute       // NATS remembers message IDs for so long, and not for longer than the messages
	if k.life > 0 && k.life < twice {
		twice = k.life
	}
	var place *jetstream.Placement
	if r.Cluster != "" {
		place = &jetstream.Placement{Cluster: r.Cluster}
	}
	return &bucket{
		name: k.name, conn: r.Conn, js: js, creates: r.Creates,
		config: jetstream.StreamConfig{
			Name: "KV_" + k.name, Subjects: []string{"$KV." + k.name + ".>"},
			MaxMsgsPerSubject: k.history, MaxAge: k.life, Storage: k.storage, Replicas: max(r.Replicas, 1), Placement: place,
			Discard: jetstream.DiscardNew, DenyDelete: true, DenyPurge: true, AllowDirect: true, Duplicates: twice,
			RePublish: &jetstream.RePublish{Source: "$KV." + k.name + ".>", Destination: newsPrefix + k.name + ".>"},
		},
	}
}

// entry is what a bucket has under a key.
type entry struct {
	key  string
	rev  uint64 // grows with every change of the bucket, and starts again where a bucket was lost
	at   time.Time
	body []byte
	gone bool // the key was deleted
}

// put writes a key. expect is the revision it must have until then; nil: any.
func (b *bucket) put(ctx context.Context, key string, body []byte, header nats.Header, expect *uint64) (uint64, error) {
	if !b.conn.IsConnected() {
		return 0, errNoConnection
	}
	options := []jetstream.PublishOpt{jetstream.WithRetryAttempts(0)}
	if expect != nil {
		options = append(options, jetstream.WithExpectLastSequencePerSubject(*expect))
	}
	m := &nats.Msg{Subject: "$KV." + b.name + "." + key, Data: body, Header: header}
	if m.Header == nil {
		m.Header = nats.Header{}
	}
	ack, err := b.js.PublishMsg(ctx, m, options...)
	switch {
	case err == nil:
		return ack.Sequence, nil
	case errors.Is(err, jetstream.ErrNoStreamResponse):
		return 0, errNoBucket
	case conflicts(err):
		return 0, ErrConflict
	}
	return 0, err
}

func conflicts(err error) bool {
	var refused *jetstream.APIError
	return errors.As(err, &refused) && (refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

// get reads a key, as deleted where it was. Errors: ErrNotFound where it never was, errNoBucket.
func (b *bucket) get(ctx context.Context, key string) (entry, error) {
	if !b.conn.IsConnected() {
		return entry{}, errNoConnection
	}
	m, err := b.conn.RequestWithContext(ctx, "$JS.API.DIRECT.GET.KV_"+b.name+".$KV."+b.name+"."+key, nil)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return entry{}, errNoBucket
	case err != nil:
		return entry{}, err
	}
	e, stored := b.stored(m)
	if !stored {
		return entry{}, b.status(m)
	}
	return e, nil
}

// probe asks whether the bucket answers.
func (b *bucket) probe(ctx context.Context) error {
	if _, err := b.get(ctx, "probe"); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

// stored reads a message that the bucket has kept. Writers may set any header, the server
// adds its own at the end: the last value is the server's.
func (b *bucket) stored(m *nats.Msg) (entry, bool) {
	key, ok := strings.CutPrefix(last(m, subjectHeader), "$KV."+b.name+".")
	rev, err := strconv.ParseUint(last(m, sequenceHeader), 10, 64)
	if !ok || err != nil {
		return entry{}, false
	}
	at, _ := time.Parse(time.RFC3339Nano, last(m, timeHeader))
	return entry{key: key, rev: rev, at: at, body: m.Data, gone: m.Header.Get(operationHeader) != ""}, true
}

func last(m *nats.Msg, header string) string {
	if all := m.Header[header]; len(all) > 0 {
		return all[len(all)-1]
	}
	return ""
}

// status is why the bucket answered with no message.
func (b *bucket) status(m *nats.Msg) error {
	switch code := m.Header.Get("Status"); code {
	case "404":
		return ErrNotFound
	case "503":
		return errNoBucket
	default:
		return fmt.Errorf("bucket %s answers %s %s", b.name, code, m.Header.Get("Description"))
	}
}

// makePrefix begins the subjects under which NATS makes a bucket for those whose accounts have no streams of their own.
const makePrefix = "paymux.make."

// make makes the bucket where it is missing.
func (b *bucket) make(ctx context.Context) error {
	if !b.creates {
		return errNoBucket
	}
	body, err := json.Marshal(b.config)
	if err != nil {
		return err
	}
	var answer *nats.Msg
	for _, subject := range []string{makePrefix + b.name, "$JS.API.STREAM.CREATE." + b.config.Name} {
		answer, err = b.conn.RequestWithContext(ctx, subject, body)
		if !errors.Is(err, nats.ErrNoResponders) {
			break
		}
	}
	if err == nil {
		err = refusal(answer.Data)
	}
	if err != nil {
		return fmt.Errorf("make bucket %s: %w", b.name, err)
	}
	return nil
}

// refusal reads the answer to a bucket's making. One that is there already is what was wanted, even if it is kept otherwise.
func refusal(body []byte) error {
	var made struct {
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(body, &made); err != nil {
		return err
	}
	if made.Error == nil || made.Error.ErrorCode == jetstream.JSErrCodeStreamNameInUse {
		return nil
	}
	return made.Error
}
