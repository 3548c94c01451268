package notify

import (
	"context"
	"net/http"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// verdict turns an attempt into what the queue does next.
func (n *Notifier) verdict(ctx context.Context, a *attempt) queue.Verdict {
	if status := a.answer.status; status >= 200 && status < 300 {
		n.succeeded(ctx, a.endpoint)
		return queue.Verdict{Done: true, Attempt: a.record(paymux.AttemptDelivered, time.Time{}, "")}
	}
	now := n.Now()
	hint := retryAfter(a.answer.header, now)
	wait, again := a.wait(hint)
	if a.endpoint.PerPayment {
		// What one payment's URL does says nothing about the others, so it neither
		// makes the endpoint a failing one nor ends it. Gone is gone, for this one.
		if a.answer.status == http.StatusGone || !again {
			return a.bury("")
		}
		return a.retry(now.Add(wait), hold(a.answer.status, hint, now))
	}
	since := n.failed(ctx, a)
	if end, ok := n.ending(ctx, a, since, again); ok {
		return n.end(ctx, a, end)
	}
	if !again {
		return a.bury("")
	}
	n.alert(ctx, a.endpoint, since)
	return a.retry(now.Add(wait), hold(a.answer.status, hint, now))
}

func (a *attempt) retry(due, hold time.Time) queue.Verdict {
	due = due.UTC().Truncate(time.Microsecond)
	reason := a.outcome()
	return queue.Verdict{Due: due, Hold: hold, Reason: reason, Attempt: a.record(paymux.AttemptFailed, due, reason)}
}

// bury gives the notification up. note says what else came of it.
func (a *attempt) bury(note string) queue.Verdict {
	reason := a.outcome() + note
	return queue.Verdict{Bury: true, Reason: reason, Attempt: a.record(paymux.AttemptDead, time.Time{}, reason)}
}

// again leaves the task as it was, to be done soon, for a reason that is not the endpoint's.
func (n *Notifier) again(a *attempt, note string) queue.Verdict {
	v := a.retry(n.Now().Add(ownTrouble), time.Time{})
	v.Uncounted = true
	v.Reason += note
	v.Attempt.Error += note
	return v
}
