package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/paymux/paymux/registry"
)

// NATSJournal is a Journal in a JetStream bucket, which the nats tool shows as one. Like the registry's, it is used without
// consumers: every write says which revision it replaces, every read is a direct one. Safe for concurrent use.
type NATSJournal struct {
	conn *nats.Conn
	js   jetstream.JetStream
}

// JournalLife is how long the bucket keeps an entry after it was last written.
const JournalLife = 25 * time.Hour

var errNoBucket = errors.New("relay: the journal's bucket is not there")

// NewNATSJournal returns the journal behind a connection. It asks nothing yet. The bucket is for KeepJournal to make.
func NewNATSJournal(conn *nats.Conn) *NATSJournal {
	js, _ := jetstream.New(conn) // fails on options only
	return &NATSJournal{conn: conn, js: js}
}

// Get implements Journal. With replicas, a direct read may be answered by one that is behind, so an entry that is not
// there, or has another revision than expected, is only ever believed by the writing that follows.
func (j *NATSJournal) Get(ctx context.Context, name string) ([]byte, uint64, error) {
	if !j.conn.IsConnected() {
		return nil, 0, nats.ErrDisconnected
	}
	const bucket = registry.JournalBucket
	m, err := j.conn.RequestWithContext(ctx, "$JS.API.DIRECT.GET.KV_"+bucket+".$KV."+bucket+"."+name, nil)
	if err != nil {
		return nil, 0, fmt.Errorf("relay: read the journal: %w", err)
	}
	switch status := m.Header.Get("Status"); status {
	case "":
	case "404":
		return nil, 0, ErrNotWritten
	default:
		return nil, 0, fmt.Errorf("relay: the journal answers %s %s", status, m.Header.Get("Description"))
	}
	sequences := m.Header["Nats-Sequence"] // the last is the server's own
	if len(sequences) == 0 {
		return nil, 0, errors.New("relay: the journal's answer has no sequence")
	}
	rev, err := strconv.ParseUint(sequences[len(sequences)-1], 10, 64)
	if err != nil {
		return nil, 0, fmt.Errorf("relay: read the journal: %w", err)
	}
	return m.Data, rev, nil
}

// Put implements Journal.
func (j *NATSJournal) Put(ctx context.Context, name string, body []byte, was uint64) (uint64, error) {
	if !j.conn.IsConnected() {
		return 0, nats.ErrDisconnected
	}
	ack, err := j.js.PublishMsg(ctx, &nats.Msg{Subject: "$KV." + registry.JournalBucket + "." + name, Data: body, Header: nats.Header{}},
		jetstream.WithRetryAttempts(0), jetstream.WithExpectLastSequencePerSubject(was))
	var refused *jetstream.APIError
	switch {
	case err == nil:
		return ack.Sequence, nil
	case errors.As(err, &refused) && (refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant):
		return 0, ErrRewritten
	case errors.Is(err, jetstream.ErrNoStreamResponse):
		return 0, errNoBucket
	}
	return 0, fmt.Errorf("relay: write the journal: %w", err)
}

// journalConfig is how the bucket is kept: on disk, for a restarted server that had forgotten which regions keys went to would be
// a lost journal; without what lets a writer of one key touch others.
func journalConfig(cluster string, replicas int) jetstream.StreamConfig {
	const bucket = registry.JournalBucket
	var place *jetstream.Placement
	if cluster != "" {
		place = &jetstream.Placement{Cluster: cluster}
	}
	return jetstream.StreamConfig{
		Name: "KV_" + bucket, Subjects: []string{"$KV." + bucket + ".>"}, MaxMsgsPerSubject: 1, MaxAge: JournalLife,
		Storage: jetstream.FileStorage, Replicas: max(replicas, 1), Placement: place, Discard: jetstream.DiscardNew,
		DenyDelete: true, DenyPurge: true, AllowDirect: true, Duplicates: 2 * time.Minute,
	}
}

// KeepJournal makes the bucket where it is missing, and again if it is lost, until ctx ends: for processes that may, which are
// nodes and whoever embeds NATS. cluster is the NATS cluster it is made in, of several that gateways join; empty: that of the
// connection. replicas is how many of that cluster's servers keep it; 0: 1.
func KeepJournal(ctx context.Context, conn *nats.Conn, cluster string, replicas int, failed func(error)) {
	j, tick := NewNATSJournal(conn), time.NewTicker(2*time.Second)
	defer tick.Stop()
	troubled := false
	for {
		err := j.keep(ctx, cluster, replicas)
		if err != nil && !troubled && ctx.Err() == nil && failed != nil {
			failed(err)
		}
		troubled = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (j *NATSJournal) keep(ctx context.Context, cluster string, replicas int) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if !j.conn.IsConnected() {
		return nats.ErrDisconnected
	}
	body, err := json.Marshal(journalConfig(cluster, replicas))
	if err != nil {
		return err
	}
	for _, subject := range []string{"paymux.make." + registry.JournalBucket, "$JS.API.STREAM.CREATE.KV_" + registry.JournalBucket} {
		var m *nats.Msg
		m, err = j.conn.RequestWithContext(ctx, subject, body)
		if errors.Is(err, nats.ErrNoResponders) {
			continue
		}
		if err == nil {
			err = refusedMaking(m.Data)
		}
		break
	}
	if err != nil {
		return fmt.Errorf("relay: make the journal: %w", err)
	}
	return nil
}

// refusedMaking reads the answer to the bucket's making. One that is there already is what was wanted.
func refusedMaking(body []byte) error {
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
