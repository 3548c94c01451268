package paypalfake

import (
	"net/http"
	"strconv"
	"time"
)

// booking is a line of the transaction search.
type booking struct {
	id, event       string
	amount          amount
	fee             int64
	custom, invoice string
	at              time.Time
}

// book: payments cost 3 %, refunds nothing.
func (s *Institution) book(o *order, t *transaction, event string, minor int64) {
	fee := int64(0)
	if minor > 0 {
		fee = minor * 3 / 100
	}
	s.booked = append(s.booked, booking{t.id, event, amount{t.amount.Currency, minor}, fee, t.custom, t.invoice, t.at})
}

// Book adds a movement of the balance that is no payment: a withdrawal.
func (s *Institution) Book(event string, minor int64, currency string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.booked = append(s.booked, booking{id: newID(), event: event, amount: amount{currency, minor}, at: s.Now()})
}

// reportMost is how many transactions a span may hold; PayPal's limit is 10,000.
const reportMost = 40

// pageMost is the size of a page, whatever was asked for.
const pageMost = 7

func (s *Institution) report(r *http.Request) (int, func() any) {
	q := r.URL.Query()
	from, err1 := time.Parse(time.RFC3339, q.Get("start_date"))
	until, err2 := time.Parse(time.RFC3339, q.Get("end_date"))
	page, err3 := strconv.Atoi(q.Get("page"))
	if err1 != nil || err2 != nil || err3 != nil || q.Get("page_size") != "500" || page < 1 || until.Sub(from) > 31*24*time.Hour {
		return refused(http.StatusBadRequest, "INVALID_REQUEST", "").answer()
	}
	var found []booking
	for _, b := range s.booked {
		if at := b.at.Truncate(time.Second); !at.Before(from) && !at.After(until) {
			found = append(found, b)
		}
	}
	if len(found) > reportMost {
		return refused(http.StatusBadRequest, "RESULTSET_TOO_LARGE", "").answer()
	}
	pages := (len(found) + pageMost - 1) / pageMost
	first := min(len(found), (page-1)*pageMost)
	details := []object{}
	for _, b := range found[first:min(len(found), first+pageMost)] {
		details = append(details, object{"transaction_info": b.body()})
	}
	return http.StatusOK, func() any {
		return object{
			"transaction_details": details, "page": page, "total_items": len(found), "total_pages": pages,
			"last_refreshed_datetime": s.Now().UTC().Format("2006-01-02T15:04:05-0700"),
		}
	}
}

func (b *booking) body() object {
	o := object{
		"transaction_id": b.id, "transaction_event_code": b.event, "transaction_status": "S",
		"transaction_initiation_date": b.at.UTC().Format("2006-01-02T15:04:05-0700"), "transaction_amount": b.amount.body(),
	}
	if b.fee != 0 {
		o["fee_amount"] = amount{b.amount.Currency, -b.fee}.body()
	}
	if b.custom != "" {
		o["custom_field"], o["invoice_id"] = b.custom, b.invoice
	}
	return o
}

// Pass lets time pass between the bookings so far and those to come.
func (s *Institution) Pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.booked {
		s.booked[i].at = s.booked[i].at.Add(-d)
	}
}
