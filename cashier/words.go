package cashier

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/paymux/paymux"
)

//go:embed i18n/*.json
var wordFiles embed.FS

// texts are the words of each language by key.
type texts map[string]map[string]string

const langCookie = "paymux_lang"

// readTexts reads the embedded words; a test holds the languages to the same keys.
func readTexts() texts {
	t := texts{}
	for _, lang := range []string{"en", "zh-CN"} {
		raw, err := wordFiles.ReadFile("i18n/" + lang + ".json")
		words := map[string]string{}
		if err == nil {
			err = json.Unmarshal(raw, &words)
		}
		if err != nil {
			panic(fmt.Sprintf("cashier: embedded words %s: %v", lang, err))
		}
		t[lang] = words
	}
	return t
}

// language is the payer's: as asked by ?lang= and remembered, as remembered, or as the browser prefers.
func (s *cashier) language(w http.ResponseWriter, r *http.Request) string {
	if asked := r.URL.Query().Get("lang"); s.texts[asked] != nil {
		http.SetCookie(w, &http.Cookie{
			Name: langCookie, Value: asked, Path: "/pay/", MaxAge: int((365 * 24 * time.Hour).Seconds()),
			HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
		})
		return asked
	}
	if c, err := r.Cookie(langCookie); err == nil && s.texts[c.Value] != nil {
		return c.Value
	}
	matcher := language.NewMatcher([]language.Tag{language.English, language.SimplifiedChinese})
	if _, i := language.MatchStrings(matcher, r.Header.Get("Accept-Language")); i == 1 {
		return "zh-CN"
	}
	return "en"
}

// T is a text in the page's language, its verbs filled in.
func (v *view) T(key string, args ...any) string {
	if len(args) == 0 {
		return v.texts[key]
	}
	return fmt.Sprintf(v.texts[key], args...)
}

// MethodName is what payers call a method.
func (v *view) MethodName(m paymux.MethodType) string {
	switch m {
	case paymux.Card:
		return v.T("method.card")
	case paymux.WeChatPay:
		return v.T("method.wechat_pay")
	case paymux.Alipay:
		return v.T("method.alipay")
	case paymux.PayPal:
		return v.T("method.paypal")
	case paymux.BankTransfer:
		return v.T("method.bank_transfer")
	}
	return string(m)
}

// Scan tells what to scan a code with.
func (v *view) Scan() string { return v.T("qr.scan", v.MethodName(v.Method)) }

// Time is a moment, in UTC since the payer's zone is not known here; the script makes it local.
func (v *view) Time(t time.Time) string {
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// amount is money as people of a language read it: "¥12.50" in Chinese is "CN¥12.50" elsewhere.
func amount(m paymux.Money, lang string) string {
	symbol, ok := map[string]map[paymux.Currency]string{
		"en": {
			"USD": "$", "CNY": "CN¥", "JPY": "¥", "EUR": "€", "GBP": "£", "HKD": "HK$", "TWD": "NT$", "SGD": "S$", "AUD": "A$",
			"CAD": "CA$", "KRW": "₩", "INR": "₹", "VND": "₫", "THB": "฿", "MOP": "MOP$",
		},
		"zh-CN": {
			"CNY": "¥", "USD": "US$", "JPY": "JP¥", "EUR": "€", "GBP": "£", "HKD": "HK$", "TWD": "NT$", "SGD": "S$", "AUD": "AU$",
			"CAD": "CA$", "KRW": "₩", "INR": "₹", "VND": "₫", "THB": "฿", "MOP": "MOP$",
		},
	}[lang][m.Currency]
	if !ok {
		symbol = string(m.Currency) + " "
	}
	return symbol + grouped(m.Decimal())
}

// grouped puts commas between the thousands of a decimal number.
func grouped(decimal string) string {
	whole, frac, hasFrac := strings.Cut(decimal, ".")
	var b strings.Builder
	for i, digit := range whole {
		if left := len(whole) - i; i > 0 && left%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	if hasFrac {
		b.WriteString("." + frac)
	}
	return b.String()
}
