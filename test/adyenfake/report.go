package adyenfake

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"time"
)

type booking struct {
	at                            time.Time
	kind, psp, reference, changed string
	amount                        amount
}

func (s *Institution) book(kind string, p *payment, changed string, sum amount) {
	s.bookings = append(s.bookings, booking{at: s.Now().UTC(), kind: kind, psp: p.psp, reference: p.reference, changed: changed, amount: sum})
}

// report is the payment accounting report of a day, in UTC. A day without one, such as tomorrow, is 404.
func (s *Institution) report(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if user != s.ReportUser || password != s.ReportPassword {
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
		return
	}
	day, err := time.Parse("payments_accounting_report_2006_01_02.csv", r.PathValue("name"))
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || r.PathValue("merchant") != s.Merchant || day.After(s.Now()) {
		http.NotFound(w, r)
		return
	}
	out := csv.NewWriter(w)
	out.Write([]string{
		"Company Account", "Merchant Account", "Psp Reference", "Merchant Reference", "Payment Method", "Booking Date", "TimeZone",
		"Main Currency", "Main Amount", "Record Type", "Payment Currency", "Received (PC)", "Authorised (PC)", "Captured (PC)",
		"Settlement Currency", "Payable (SC)", "Commission (SC)", "Markup (SC)", "Scheme Fees (SC)", "Interchange (SC)",
		"Processing Fee Currency", "Processing Fee (FC)", "User Name", "Payment Method Variant", "Modification Merchant Reference",
	})
	for _, b := range s.bookings {
		if b.at.Truncate(24 * time.Hour).Equal(day) {
			out.Write(s.line(b, "Authorised"))
			out.Write(s.line(b, b.kind))
		}
	}
	out.Flush()
}

func (s *Institution) line(b booking, kind string) []string {
	sum := fmt.Sprintf("%d.%02d", b.amount.Value/100, b.amount.Value%100) // the payments tests make have two decimals
	return []string{
		"TestCompany", s.Merchant, b.psp, b.reference, "visa", b.at.Format("2006-01-02 15:04:05"), "UTC",
		b.amount.Currency, sum, kind, b.amount.Currency, "", "", sum, "", "", "", "", "", "", "", "", "", "visaclassic", b.changed,
	}
}
