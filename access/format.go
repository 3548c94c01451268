package access

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/spelling"
)

// Limits of metadata: entries, characters of a name, characters of a value.
const (
	metadataEntries = 50
	metadataName    = 40
	metadataValue   = 500
)

// number is a number shown back as it came.
type number []byte

func (n number) MarshalJSON() ([]byte, error) { return n, nil }

var _ json.Marshaler = number(nil)

// formats check texts of a certain form. Each returns what is wrong, a predicate for the field's name.
var formats = map[string]func(string) string{
	"uri":       wrongURI,
	"date-time": wrongTime,
	"currency":  wrongCurrency,
	"country":   wrongCountry,
	"ip":        wrongIP,
	"cidr":      wrongNetwork,
	"card":      wrongCard,
	"cvc":       wrongCVC,
	"text":      func(string) string { return "" }, // lines, and tabs, read elsewhere
	"pem":       func(string) string { return "" }, // read where the key's kind is known
	"id":        func(string) string { return "" }, // checked with the deployment's key
}

func wrongURI(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || strings.ContainsAny(s, " \\") {
		return "must be an absolute http or https URL without a user name, such as https://shop.example/orders/1"
	}
	return ""
}

func wrongTime(s string) string {
	// The time package lets a short hour and a decimal comma pass.
	strict := len(s) >= len("2006-01-02T15:04:05Z") && s[13] == ':' && !strings.Contains(s, ",")
	if err := new(time.Time).UnmarshalText([]byte(s)); err != nil || !strict {
		return "must be a time by RFC 3339, such as 2026-11-22T06:20:31Z"
	}
	return ""
}

func wrongCurrency(s string) string {
	if !paymux.Currency(s).Valid() {
		return "must be an ISO 4217 currency code that can be paid in, in capital letters, such as CNY, USD or EUR"
	}
	return ""
}

func wrongCountry(s string) string {
	if len(s) != 2 || s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z' {
		return "must be an ISO 3166-1 alpha-2 country code in capital letters, such as CN"
	}
	return ""
}

func wrongIP(s string) string {
	if a, err := netip.ParseAddr(s); err != nil || a.Zone() != "" {
		return "must be an IPv4 or IPv6 address"
	}
	return ""
}

func wrongNetwork(s string) string {
	if _, err := netip.ParsePrefix(s); err != nil {
		return "must be a network by CIDR, such as 203.0.113.0/24"
	}
	return ""
}

func wrongCard(s string) string {
	if len(s) < 12 || len(s) > 19 || !digitsOnly(s) {
		return "must be a card number of 12 to 19 digits without spaces"
	}
	return ""
}

func wrongCVC(s string) string {
	if len(s) < 3 || len(s) > 4 || !digitsOnly(s) {
		return "must have 3 or 4 digits"
	}
	return ""
}

func digitsOnly(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// hasControl reports whether a text has control characters; lines tells whether line ends and tabs are none.
func hasControl(text []byte, lines bool) bool {
	for i, c := range text {
		if c < 0x20 && !(lines && (c == '\n' || c == '\r' || c == '\t')) || c == 0x7f {
			return true
		}
		// U+0080 to U+009F are C2 80 to C2 9F in UTF-8.
		if c == 0xc2 && i+1 < len(text) && text[i+1] < 0xa0 {
			return true
		}
	}
	return false
}

// list spells words as English does.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// nearest adds the field that was probably meant, where one is one or two letters away.
func (s *schema) nearest(name string) string {
	best, found := 3, ""
	for i := range s.fields {
		if d := distance(name, s.fields[i].name); d < best {
			best, found = d, s.fields[i].name
		}
	}
	if found == "" {
		return ""
	}
	return "; did you mean " + found + "?"
}

// distance is spelling's; long names are far from everything.
func distance(a, b string) int {
	const far = 99
	if len(a) > metadataName || len(b) > metadataName {
		return far
	}
	return spelling.Distance(a, b)
}
