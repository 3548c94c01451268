package payment

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/paymux/paymux"
)

// events makes the events noted on the way and the tasks that deliver them, so that all are one commit (D2).
func (d *draft) events(ctx context.Context) error {
	previous := map[string]string(nil)
	if d.before.Status != "" && d.before.Status != d.Payment.Status {
		previous = map[string]string{"status": string(d.before.Status)}
	}
	for _, t := range d.types {
		if err := d.emit(ctx, t, string(d.Payment.ID), d.Payment.Version, d.object, previous); err != nil {
			return err
		}
	}
	for _, list := range [][]paymux.Refund{d.NewRefunds, d.Refunds} {
		for i := range list {
			if t, ok := refundEvent[list[i].Status]; ok {
				if err := d.emitNoun(ctx, t, string(list[i].ID), list[i].Version, &list[i]); err != nil {
					return err
				}
			}
		}
	}
	for i := range d.Disputes {
		if err := d.emitNoun(ctx, disputeEvent[d.Disputes[i].Status], string(d.Disputes[i].ID), d.Disputes[i].Version, &d.Disputes[i]); err != nil {
			return err
		}
	}
	return nil
}

var refundEvent = map[paymux.RefundStatus]paymux.EventType{
	paymux.RefundSucceeded: paymux.RefundDone,
	paymux.RefundFailed:    paymux.RefundNotDone,
}

var disputeEvent = map[paymux.DisputeStatus]paymux.EventType{
	paymux.DisputeOpened: paymux.DisputeWasOpened,
	paymux.DisputeWon:    paymux.DisputeWasWon,
	paymux.DisputeLost:   paymux.DisputeWasLost,
}

func (d *draft) emitNoun(ctx context.Context, t paymux.EventType, id string, version int64, noun any) error {
	object, err := json.Marshal(noun)
	if err != nil {
		return err
	}
	return d.emit(ctx, t, id, version, object, nil)
}

func (d *draft) emit(ctx context.Context, t paymux.EventType, id string, version int64, object json.RawMessage, previous map[string]string) error {
	e := paymux.Event{
		ID: paymux.EventID(d.s.IDs.New(paymux.PrefixEvent)), Type: t, Timestamp: d.now, APIVersion: paymux.APIVersion,
		Livemode: d.Payment.Livemode, Merchant: d.Payment.Merchant, ObjectID: id, Payment: d.Payment.ID,
		Data: paymux.EventData{Object: object, Sequence: version, Previous: previous},
	}
	e.Body = e.AppendJSON(make([]byte, 0, len(object)+256))
	d.Events = append(d.Events, e)
	tasks, err := d.s.Notify(ctx, e)
	if err != nil {
		return fmt.Errorf("find endpoints for %s: %w", t, err)
	}
	d.Tasks = append(d.Tasks, tasks...)
	return nil
}
