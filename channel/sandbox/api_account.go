package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/paymux/paymux"
)

// controlAccounts adds the controls of accounts.
func (i *Institution) controlAccounts(mux *http.ServeMux) {
	mux.HandleFunc("GET /sandbox/api/accounts", i.listAccounts)
	mux.HandleFunc("PUT /sandbox/api/accounts/{account}", i.putAccount)
	mux.HandleFunc("GET /sandbox/api/accounts/{account}/faults", i.getFaults)
	mux.HandleFunc("PUT /sandbox/api/accounts/{account}/faults", i.putFaults)
	mux.HandleFunc("GET /sandbox/api/accounts/{account}/script", i.getScript)
	mux.HandleFunc("PUT /sandbox/api/accounts/{account}/script", i.putScript)
	mux.HandleFunc("DELETE /sandbox/api/accounts/{account}/script", i.deleteScript)
}

// accountRow is an account in the list of them.
type accountRow struct {
	Account string   `json:"account"`
	Options []string `json:"options"` // name=text, without secrets
	Faults  Faults   `json:"faults"`
	Steps   int      `json:"steps"` // of its script, not yet taken
}

func (i *Institution) accountRow(name string) (accountRow, error) {
	c, err := i.customer(name)
	if err != nil {
		return accountRow{}, err
	}
	row := accountRow{Account: name, Options: c.options, Faults: c.switches(i.now).Faults}
	steps, err := i.Script(name)
	for _, step := range steps {
		row.Steps += step.left()
	}
	return row, err
}

func (i *Institution) listAccounts(w http.ResponseWriter, _ *http.Request) {
	rows := []accountRow{}
	for _, name := range i.Accounts() {
		if row, err := i.accountRow(name); err == nil {
			rows = append(rows, row)
		}
	}
	answer(w, http.StatusOK, map[string]any{"data": rows})
}

// putAccount opens an account, or changes one.
func (i *Institution) putAccount(w http.ResponseWriter, r *http.Request) {
	var b struct {
		Options map[string]string `json:"options"`
	}
	err := readJSON(w, r, &b)
	if err == nil {
		err = i.OpenAccount(r.PathValue("account"), b.Options)
	}
	var row accountRow
	if err == nil {
		row, err = i.accountRow(r.PathValue("account"))
	}
	i.answerOr(w, row, err)
}

func (i *Institution) getFaults(w http.ResponseWriter, r *http.Request) {
	f, err := i.Faults(r.PathValue("account"))
	i.answerOr(w, f, err)
}

func (i *Institution) putFaults(w http.ResponseWriter, r *http.Request) {
	var f Faults
	err := readJSON(w, r, &f)
	if err == nil {
		err = i.SetFaults(r.PathValue("account"), f)
	}
	i.answerOr(w, f, err)
}

// scriptBody is an account's script, whole.
type scriptBody struct {
	Script []Step `json:"script"`
}

func (i *Institution) getScript(w http.ResponseWriter, r *http.Request) {
	steps, err := i.Script(r.PathValue("account"))
	if steps == nil {
		steps = []Step{}
	}
	i.answerOr(w, scriptBody{steps}, err)
}

func (i *Institution) putScript(w http.ResponseWriter, r *http.Request) {
	var b scriptBody
	if err := readJSON(w, r, &b); err != nil {
		i.problem(w, err)
		return
	}
	if err := i.SetScript(r.PathValue("account"), b.Script); err != nil {
		i.problem(w, err)
		return
	}
	i.getScript(w, r)
}

func (i *Institution) deleteScript(w http.ResponseWriter, r *http.Request) {
	if err := i.SetScript(r.PathValue("account"), nil); err != nil {
		i.problem(w, err)
		return
	}
	i.getScript(w, r)
}

// outage answers, and then refuses connections for a while.
func (i *Institution) outage(w http.ResponseWriter, r *http.Request) {
	var b struct {
		ForMS int `json:"for_ms"`
	}
	err := readJSON(w, r, &b)
	switch {
	case err != nil:
	case b.ForMS < 1 || b.ForMS > 600_000:
		err = paymux.Errorf(paymux.InvalidRequest, "for_ms is 1 to 600000.").At("for_ms")
	case i.refuse == nil:
		err = paymux.Errorf(paymux.StateConflict, "This sandbox shares its socket with Paymux; only one that runs by itself (paymux sandbox serve) can refuse connections. Set an account's switch instead.")
	}
	if err != nil {
		i.problem(w, err)
		return
	}
	text := fmt.Appendf(nil, `{"for_ms":%d}`, b.ForMS)
	w.Header().Set("Connection", "close")
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text))) // complete before the connection goes
	w.Write(text)
	http.NewResponseController(w).Flush()
	if err := i.refuse(time.Duration(b.ForMS) * time.Millisecond); err != nil {
		i.log.Error("sandbox: outage", "error", err)
	}
}

// answerOr answers with v, or with what went wrong.
func (i *Institution) answerOr(w http.ResponseWriter, v any, err error) {
	if err != nil {
		i.problem(w, err)
		return
	}
	answer(w, http.StatusOK, v)
}
