package cashier

import (
	"cmp"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/paymux/paymux"
)

// view is what a page shows. Kind names its template; what a kind does not use is empty.
type view struct {
	Kind     string
	Lang     string
	texts    map[string]string
	Other    string // the same page in the other language
	Test     bool
	Merchant string
	Amount   string
	Currency paymux.Currency
	About    string // description
	Order    string
	Refunded string

	Payment string // ID, where there is one
	Status  paymux.PaymentStatus
	Version int64
	Live    bool // the page follows the payment
	Poll    bool // without JavaScript, it reloads itself
	Form    bool // the redirect is a form to be posted

	Methods []paymux.MethodType
	Method  paymux.MethodType
	Card    *paymux.CardSummary
	Action  string // where the choice is posted to
	Attempt string // what makes a second click the same request
	Notice  string // key of a word above the choice
	Why     string // key of why it did not work

	Go      template.URL // the institution's page
	Host    string       // of Go
	Auto    bool         // go there without a click
	Fields  map[string]string
	App     template.URL // opens the brand's app on a phone
	Lines   []paymux.Instruction
	Expires time.Time
	At      time.Time
	Back    template.URL // the shop
	Retry   string       // the link's page
}

// view begins a page in the payer's language.
func (s *cashier) view(w http.ResponseWriter, r *http.Request) *view {
	lang := s.language(w, r)
	other := "zh-CN"
	if lang == other {
		other = "en"
	}
	return &view{Lang: lang, texts: s.texts[lang], Other: r.URL.Path + "?lang=" + other, Auto: r.URL.Query().Get("go") == "1"}
}

func (v *view) ofLink(l paymux.Link, m paymux.Merchant) {
	v.Merchant, v.Test = m.Name, !l.Livemode
	v.Amount, v.Currency = amount(paymux.Money{Amount: l.Amount, Currency: l.Currency}, v.Lang), l.Currency
	v.About, v.Order, v.Back = l.Description, l.MerchantOrderID, webURL(l.ReturnURL)
}

// ofPayment decides what a payment's page shows.
func (v *view) ofPayment(p paymux.Payment, m paymux.Merchant, now time.Time) {
	v.Merchant, v.Test = m.Name, !p.Livemode
	v.Amount, v.Currency = amount(p.Money(), v.Lang), p.Currency
	v.About, v.Order, v.Back = p.Description, p.MerchantOrderID, webURL(p.ReturnURL)
	v.Payment, v.Status, v.Version, v.Expires, v.At = string(p.ID), p.Status, p.Version, p.ExpiresAt, p.UpdatedAt
	v.Method, v.Card = p.Method.Type, p.Method.Card
	v.Live = !p.Status.Ended() && !paid(p.Status)
	switch {
	case p.Status == paymux.Created && !p.ExpiresAt.IsZero() && !now.Before(p.ExpiresAt):
		v.Kind = "expired"
	case p.Status == paymux.Created:
		v.Kind = "choose"
	case p.Status == paymux.RequiresAction && p.NextAction != nil:
		v.ofAction(*p.NextAction)
	case paid(p.Status):
		v.Kind = "done"
		if p.AmountRefunded > 0 {
			v.Refunded = amount(paymux.Money{Amount: p.AmountRefunded, Currency: p.Currency}, v.Lang)
		}
	case p.Status.EndedUnpaid():
		v.Kind, v.Why = string(p.Status), why(p)
	default:
		v.Kind = "wait"
	}
	v.Poll = v.Live && v.Kind != "choose"
	if p.Link != "" && p.Status.EndedUnpaid() {
		v.Retry = "/pay/l/" + string(p.Link)
	}
}

// ofAction shows what the payer has to do. What this page cannot show, another program does: we wait.
func (v *view) ofAction(n paymux.NextAction) {
	v.Kind = "wait"
	switch {
	case n.DisplayQR != nil:
		v.Kind, v.App = "qr", appURL(n.DisplayQR.Data)
		v.Method = cmp.Or(n.DisplayQR.Brand, v.Method)
		if !n.DisplayQR.ExpiresAt.IsZero() {
			v.Expires = n.DisplayQR.ExpiresAt
		}
	case n.Redirect != nil && webURL(n.Redirect.URL) != "":
		v.Kind, v.Go = "redirect", webURL(n.Redirect.URL)
		v.Form, v.Fields = n.Redirect.Method == http.MethodPost, n.Redirect.FormFields
		if u, err := url.Parse(n.Redirect.URL); err == nil {
			v.Host = u.Host
		}
	case n.Instructions != nil:
		v.Kind, v.Lines, v.Go = "instructions", n.Instructions.Lines, webURL(n.Instructions.URL)
	}
}

// paid: as far as the payer is concerned, it is done.
func paid(s paymux.PaymentStatus) bool {
	return slices.Contains([]paymux.PaymentStatus{paymux.Authorized, paymux.PartiallyCaptured, paymux.Succeeded}, s)
}

// webURL passes http and https only: nothing a browser would run. The rest is empty.
func webURL(text string) template.URL { return passed(text, "https", "http") }

// appURL passes what opens a wallet's app.
func appURL(text string) template.URL {
	return passed(text, "https", "http", "weixin", "wxp", "alipay", "alipays")
}

func passed(text string, schemes ...string) template.URL {
	u, err := url.Parse(text)
	if err != nil || !slices.Contains(schemes, u.Scheme) || (u.Scheme == "http" || u.Scheme == "https") && u.Host == "" {
		return ""
	}
	return template.URL(u.String())
}

// why is the key of the plain words for a refusal. What a thief should not learn is not told to payers.
func why(p paymux.Payment) string {
	if p.LastError == nil || p.LastError.DeclineCode == "" {
		return ""
	}
	switch p.LastError.DeclineCode {
	case paymux.DeclineInsufficientFunds:
		return "why.funds"
	case paymux.DeclineExpiredCard:
		return "why.expired_card"
	case paymux.DeclineIncorrectCVC, paymux.DeclineIncorrectNumber, paymux.DeclineInvalidAccount:
		return "why.details"
	case paymux.DeclineLimit:
		return "why.limit"
	case paymux.DeclineAuthenticationFailed:
		return "why.authentication"
	case paymux.DeclineCanceledByPayer:
		return "why.canceled"
	case paymux.DeclineNotSupported:
		return "why.not_supported"
	case paymux.DeclineProcessing:
		return "why.processing"
	}
	return "why.refused"
}
