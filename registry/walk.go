package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
)

// pageSize is how many messages are asked for at a time.
const pageSize = 4096

// walk reads every kept message whose key matches filter, oldest first: with history, several of a key.
func (b *bucket) walk(ctx context.Context, filter string, each func(entry)) error {
	if !b.conn.IsConnected() {
		return errNoConnection
	}
	inbox := b.conn.NewInbox()
	answers, err := b.conn.SubscribeSync(inbox)
	if err != nil {
		return err
	}
	defer func() { _ = answers.Unsubscribe() }() // fails where the connection has ended
	for from, more := uint64(1), true; more; {
		if err = b.ask(inbox, filter, from); err != nil {
			return err
		}
		if from, more, err = b.page(ctx, answers, from, each); err != nil {
			return err
		}
	}
	return nil
}

func (b *bucket) ask(inbox, filter string, from uint64) error {
	body, err := json.Marshal(struct {
		From   uint64 `json:"seq"`
		Filter string `json:"next_by_subj"`
		Batch  int    `json:"batch"`
	}{from, "$KV." + b.name + "." + filter, pageSize})
	if err != nil {
		return err
	}
	return b.conn.PublishRequest("$JS.API.DIRECT.GET.KV_"+b.name, inbox, body)
}

// page reads the answers to one request. It returns where the next begins, and whether there is one.
func (b *bucket) page(ctx context.Context, answers *nats.Subscription, from uint64, each func(entry)) (next uint64, more bool, err error) {
	for next = from; ; {
		m, err := answers.NextMsgWithContext(ctx)
		switch {
		case errors.Is(err, nats.ErrNoResponders):
			return 0, false, errNoBucket
		case err != nil:
			return 0, false, fmt.Errorf("read bucket %s: %w", b.name, err)
		}
		if e, stored := b.stored(m); stored {
			next = e.rev + 1
			each(e)
			continue
		}
		if m.Header.Get("Status") == "204" {
			return next, next > from && m.Header.Get("Nats-Num-Pending") != "0", nil
		}
		if err = b.status(m); errors.Is(err, ErrNotFound) {
			return next, false, nil
		}
		return 0, false, err
	}
}
