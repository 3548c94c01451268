package cashier

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"rsc.io/qr"

	"github.com/paymux/paymux"
)

const (
	streamLife = 5 * time.Minute  // then the browser connects again
	heartbeat  = 15 * time.Second // keeps proxies from closing a silent stream
)

// state is what the page's script needs: when it differs, the page is loaded again.
type state struct {
	Status  paymux.PaymentStatus `json:"status"`
	Version int64                `json:"version"`
}

func (s *cashier) status(w http.ResponseWriter, r *http.Request) {
	p, ok := s.payment(w, r)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(state{p.Status, p.Version})
}

// events is the same as a stream of server-sent events, one at once and one for each
// change, until the payment has ended.
func (s *cashier) events(w http.ResponseWriter, r *http.Request) {
	p, ok := s.payment(w, r)
	if !ok {
		return
	}
	changed := s.Watch(r.Context(), p.ID)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	beat, end := time.NewTicker(heartbeat), time.NewTimer(streamLife)
	defer beat.Stop()
	defer end.Stop()
	sent := int64(0)
	for {
		// Read after watching began, so that no change falls in between.
		p, err := s.Payments.Find(r.Context(), p.ID)
		if err != nil {
			return
		}
		line := ":\n\n"
		if p.Version != sent {
			body, _ := json.Marshal(state{p.Status, p.Version})
			line, sent = fmt.Sprintf("retry: 2000\ndata: %s\n\n", body), p.Version
		}
		// A server without deadlines has nothing to extend.
		_ = out.SetWriteDeadline(time.Now().Add(2 * heartbeat))
		if _, err := w.Write([]byte(line)); err != nil || out.Flush() != nil || p.Status.Ended() {
			return
		}
		select {
		case <-changed:
		case <-beat.C:
		case <-end.C:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// qr draws the code of a payment that waits to be scanned.
func (s *cashier) qr(w http.ResponseWriter, r *http.Request) {
	p, ok := s.payment(w, r)
	if !ok {
		return
	}
	if p.NextAction == nil || p.NextAction.DisplayQR == nil {
		s.notFound(w, r)
		return
	}
	code, err := qr.Encode(p.NextAction.DisplayQR.Data, qr.M)
	if err != nil {
		s.failed(w, r, "draw QR code", err)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "no-store")
	w.Write([]byte(svg(code)))
}

// svg draws black modules on white with the quiet zone of four that scanners need, in dark mode too.
func svg(code *qr.Code) string {
	const quiet = 4
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			run := 0
			for x+run < code.Size && code.Black(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, run, run)
				x += run
			}
		}
	}
	side := code.Size + 2*quiet
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><rect width="%d" height="%d" fill="#fff"/><path fill="#000" d="%s"/></svg>`,
		side, side, side, side, path.String())
}
