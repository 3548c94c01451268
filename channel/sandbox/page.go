package sandbox

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/paymux/paymux"
)

//go:embed web
var web embed.FS

var pageTemplate = template.Must(template.New("page.html").Option("missingkey=error").ParseFS(web, "web/page.html"))

// Pages serves what payers see, under /sandbox/pay/: card form, 3-D Secure, wallets,
// bank. A page's address is its only key and cannot be guessed; no script, no outside request.
func (i *Institution) Pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sandbox/pay/{page}", i.showPage)
	mux.HandleFunc("POST /sandbox/pay/{page}", i.actOnPage)
	mux.HandleFunc("GET /sandbox/style.css", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		http.ServeFileFS(w, r, web, "web/style.css")
	})
	return mux
}

func (i *Institution) pageURL(c *Charge) string {
	return i.publicURL() + "/sandbox/pay/" + c.Page
}

// view is what the template shows.
type view struct {
	T       map[string]string
	Lang    language
	Other   language // to switch to
	Brand   string
	Charge  *Charge
	Money   string
	Cards   []cardHelp
	Back    string // URL to return to
	Problem string // what was wrong with the form
}

type cardHelp struct{ Number, Help string }

// showPage also answers forms that were filled in wrongly.
func (i *Institution) showPage(w http.ResponseWriter, r *http.Request) {
	i.show(w, r, http.StatusOK, "")
}

func (i *Institution) show(w http.ResponseWriter, r *http.Request, status int, problem string) {
	lang := languageOf(w, r)
	c, ok, err := i.book.ofPage(r.PathValue("page"))
	if err != nil || !ok {
		i.absent(w, lang)
		return
	}
	if c.lapsed(i.now()) {
		c.end(paymux.OpCanceled, codeOrderExpired, i.now())
	}
	v := view{
		T: texts[lang], Lang: lang, Other: lang.other(), Charge: &c, Money: c.money().String(),
		Brand: brands[lang][c.Method], Back: c.back(), Problem: texts[lang][problem],
	}
	if c.Step == stepCard {
		v.Cards = helpIn(lang)
	}
	i.render(w, status, &v)
}

func (i *Institution) absent(w http.ResponseWriter, lang language) {
	i.render(w, http.StatusNotFound, &view{T: texts[lang], Lang: lang, Other: lang.other(), Charge: &Charge{}})
}

func (i *Institution) render(w http.ResponseWriter, status int, v *view) {
	var page bytes.Buffer
	if err := pageTemplate.Execute(&page, v); err != nil {
		i.log.Error("sandbox: page", "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"+originOf(v.Back))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(page.Bytes())
}

// originOf is the place a form may lead on to: browsers hold form-action against redirects, too.
func originOf(back string) string {
	u, err := url.Parse(back)
	if err != nil || u.Host == "" || strings.ContainsAny(u.Host, "; ,'") {
		return ""
	}
	return " " + u.Scheme + "://" + u.Host
}

// back is where the payer goes when done.
func (c *Charge) back() string {
	for _, to := range []string{c.ReturnURL, c.PageURL} {
		if u, err := url.Parse(to); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
			return to
		}
	}
	return ""
}

// actOnPage does what the payer chose, and sends the browser on.
func (i *Institution) actOnPage(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	c, ok, err := i.book.ofPage(r.PathValue("page"))
	if err != nil || !ok {
		i.absent(w, languageOf(w, r))
		return
	}
	problem, err := i.choose(r, &c)
	switch {
	case problem != "":
		i.show(w, r, http.StatusUnprocessableEntity, problem)
	case errors.Is(err, paymux.StateConflict):
		i.show(w, r, http.StatusConflict, "problem_over")
	case err != nil:
		i.log.Error("sandbox: payer's choice", "operation", string(c.Operation), "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
	default:
		i.sendOn(w, r, c.Operation)
	}
}

// choose carries the form out. problem names the text of what was filled in wrongly.
func (i *Institution) choose(r *http.Request, c *Charge) (problem string, err error) {
	ctx := r.Context()
	switch r.PostFormValue("action") {
	case "approve":
		if c.Step == stepCard {
			return "problem_card", nil // a card form is not approved, it is filled in
		}
		return "", i.Approve(ctx, c.Operation)
	case "decline":
		if c.Step == step3DS {
			return "", i.Decline(ctx, c.Operation, codeAuth)
		}
		return "", i.Decline(ctx, c.Operation, codePayer)
	case "card":
		details, problem := cardForm(r)
		if problem != "" {
			return problem, nil
		}
		return "", i.enterCard(ctx, c.Operation, details)
	}
	return "problem_action", nil
}

func cardForm(r *http.Request) (d *paymux.CardDetails, problem string) {
	number, cvc := r.PostFormValue("number"), r.PostFormValue("cvc")
	month, year, _ := strings.Cut(strings.ReplaceAll(r.PostFormValue("expiry"), " ", ""), "/")
	m, errMonth := strconv.Atoi(month)
	y, errYear := strconv.Atoi(year)
	switch n := len(digitsOf(number)); {
	case n < 12 || n > 19:
		return nil, "problem_number"
	case errMonth != nil || errYear != nil || m < 1 || m > 12 || y < 0:
		return nil, "problem_expiry"
	case len(cvc) < 3 || len(cvc) > 4:
		return nil, "problem_cvc"
	}
	return &paymux.CardDetails{Number: paymux.Secret(number), CVC: paymux.Secret(cvc), ExpMonth: m, ExpYear: y}, ""
}

// sendOn goes back to the shop, or to the next step.
func (i *Institution) sendOn(w http.ResponseWriter, r *http.Request, op paymux.OperationID) {
	to := "/sandbox/pay/" + r.PathValue("page")
	if c, ok := i.Charge(op); ok && c.State != paymux.OpPending && c.back() != "" {
		to = c.back()
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func helpIn(lang language) []cardHelp {
	cards := Cards()
	help := make([]cardHelp, len(cards))
	for at, c := range cards {
		help[at] = cardHelp{Number: c.Number, Help: c.HelpEN}
		if lang == chinese {
			help[at].Help = c.HelpZH
		}
	}
	return help
}
