package alipayfake

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

var beijing = time.FixedZone("UTC+8", 8*60*60)

const clock = "2006-01-02 15:04:05"

// object is a JSON object to answer with, in order.
type object []member

type member struct{ name, value string }

// call is a request that has passed the gateway.
type call struct {
	method  string
	content map[string]string
	public  map[string]string
	host    string
}

// gateway takes both what the merchant asks and, by page methods, the payer's browser.
func (i *Institution) gateway(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	form := r.URL.RawQuery
	if len(body) > 0 {
		form = strings.TrimPrefix(form+"&"+string(body), "&")
	}
	c, refused := i.admit(form)
	c.host = r.Host
	page := c.method == pagePay || c.method == wapPay
	switch {
	case page && refused != nil:
		http.Error(w, refused.get("sub_code"), http.StatusBadRequest)
	case page:
		i.showCashier(w, c)
	case refused != nil:
		i.answer(w, c.method, refused)
	case r.Method != http.MethodPost:
		i.answer(w, c.method, refuse("40002", "isv.invalid-http-method"))
	default:
		i.answer(w, c.method, handlers[c.method](i, c))
	}
}

// admit checks a request's parameters and signature.
func (i *Institution) admit(form string) (call, object) {
	p, err := once(form)
	if err != nil {
		return call{}, refuse("40002", "isv.invalid-parameter")
	}
	c := call{method: p["method"], public: p}
	if _, ok := handlers[c.method]; !ok && !slices.Contains(invitingMethods, c.method) {
		return call{}, refuse("40002", "isv.invalid-method")
	}
	for _, name := range []string{"app_id", "charset", "sign_type", "sign", "timestamp", "version"} {
		if p[name] == "" {
			return c, refuse("40001", "isv.missing-"+strings.ReplaceAll(name, "_", "-"))
		}
	}
	if wrong := i.wrongParameter(p); wrong != "" {
		return c, refuse("40002", wrong)
	}
	if !verified(&i.keys.app.PublicKey, toSign(p), p["sign"]) {
		return c, refuse("40002", "isv.invalid-signature")
	}
	if c.content, err = readContent(c.method, p["biz_content"]); err != nil {
		return c, refuse("40002", "isv.invalid-parameter: "+err.Error())
	}
	return c, nil
}

// mayHave are the public parameters; alipay_sdk is what Alipay's own libraries add.
var mayHave = strings.Fields("app_id method format charset sign_type sign timestamp version notify_url return_url biz_content app_cert_sn alipay_root_cert_sn alipay_sdk")

func (i *Institution) wrongParameter(p map[string]string) string {
	at, err := time.ParseInLocation(clock, p["timestamp"], beijing)
	switch {
	case p["app_id"] != i.AppID:
		return "isv.invalid-app-id"
	case p["format"] != "" && p["format"] != "JSON":
		return "isv.invalid-format"
	case p["charset"] != "utf-8":
		return "isv.invalid-charset"
	case p["sign_type"] != "RSA2":
		return "isv.invalid-signature-type"
	case p["version"] != "1.0":
		return "isv.invalid-version"
	case err != nil || i.now().Sub(at).Abs() > 10*time.Minute && !slices.Contains(invitingMethods, p["method"]):
		return "isv.invalid-timestamp"
	case i.certified && p["app_cert_sn"] != i.keys.appCertSN:
		return "isv.invalid-app-cert-sn"
	case i.certified && p["alipay_root_cert_sn"] != i.keys.rootCertSN:
		return "isv.invalid-alipay-root-cert-sn"
	case !i.certified && p["app_cert_sn"]+p["alipay_root_cert_sn"] != "":
		return "isv.unexpected-cert-sn"
	case !address(p["notify_url"]) || !address(p["return_url"]):
		return "isv.invalid-url"
	}
	for name, value := range p {
		if !slices.Contains(mayHave, name) {
			return "isv.unknown-parameter: " + name
		}
		if value == "" {
			return "isv.empty-parameter: " + name
		}
	}
	return ""
}

func address(text string) bool {
	u, err := url.Parse(text)
	return text == "" || err == nil && len(text) <= 256 && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

func toSign(p map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if name != "sign" && p[name] != "" {
			parts = append(parts, name+"="+p[name])
		}
	}
	return strings.Join(parts, "&")
}

// once reads a form in which nothing is said twice.
func once(form string) (map[string]string, error) {
	values, err := url.ParseQuery(form)
	if err != nil {
		return nil, err
	}
	p := map[string]string{}
	for name, all := range values {
		if len(all) != 1 {
			return nil, fmt.Errorf("%s is there %d times", name, len(all))
		}
		p[name] = all[0]
	}
	return p, nil
}

// field is what a member of biz_content must look like.
type field struct {
	form     *regexp.Regexp
	required bool
}

func must(form string) field { return field{regexp.MustCompile(`^(?s:` + form + `)$`), true} }
func may(form string) field  { return field{regexp.MustCompile(`^(?s:` + form + `)$`), false} }

const (
	anOrder  = `\w{1,64}`
	anAmount = `(0|[1-9]\d{0,8})\.\d\d`
	aSubject = `[^/=&\p{Cc}]{1,256}`
	aTime    = `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`
	aURL     = `https?://.{1,390}`
)

func invites(more map[string]field) map[string]field {
	fields := map[string]field{"out_trade_no": must(anOrder), "total_amount": must(anAmount), "subject": must(aSubject), "time_expire": may(aTime)}
	maps.Copy(fields, more)
	return fields
}

// contents are the members of biz_content by method, those the channel uses.
var contents = map[string]map[string]field{
	pagePay:        invites(map[string]field{"product_code": must("FAST_INSTANT_TRADE_PAY")}),
	wapPay:         invites(map[string]field{"product_code": must("QUICK_WAP_WAY"), "quit_url": must(aURL)}),
	appPay:         invites(map[string]field{"product_code": must("QUICK_MSECURITY_PAY")}),
	tradePrecreate: invites(map[string]field{"product_code": may("FACE_TO_FACE_PAYMENT|QR_CODE_OFFLINE")}),
	tradeCreate: invites(map[string]field{
		"product_code": may("FACE_TO_FACE_PAYMENT|JSAPI_PAY"), "buyer_id": may(`2088\d{12}`), "buyer_open_id": may(`.{1,128}`), "op_app_id": may(`\d{16}`),
	}),
	tradeQuery:   {"out_trade_no": must(anOrder)},
	tradeClose:   {"out_trade_no": must(anOrder)},
	tradeRefund:  {"out_trade_no": must(anOrder), "refund_amount": must(anAmount), "out_request_no": must(anOrder), "refund_reason": may(`.{1,256}`)},
	refundQuery:  {"out_trade_no": must(anOrder), "out_request_no": must(anOrder)},
	billQuery:    {"bill_type": must("trade"), "bill_date": must(`\d{4}-\d\d-\d\d`)},
	certDownload: {"alipay_cert_sn": must(`[0-9a-f]{32}`)},
}

func readContent(method, text string) (map[string]string, error) {
	var content map[string]string
	if err := json.Unmarshal([]byte(text), &content); err != nil {
		return nil, fmt.Errorf("biz_content is no object of texts")
	}
	fields := contents[method]
	for name, value := range content {
		f, ok := fields[name]
		if !ok || !f.form.MatchString(value) {
			return nil, fmt.Errorf("%s", name)
		}
	}
	for name, f := range fields {
		if _, ok := content[name]; f.required && !ok {
			return nil, fmt.Errorf("%s is missing", name)
		}
	}
	return content, nil
}

func refuse(code, subCode string) object {
	msg := map[string]string{"40001": "Missing Required Arguments", "40002": "Invalid Arguments", "40004": "Business Failed"}[code]
	return object{{"code", code}, {"msg", msg}, {"sub_code", subCode}, {"sub_msg", "被拒绝: " + subCode}}
}

func done(more ...member) object {
	return append(object{{"code", "10000"}, {"msg", "Success"}}, more...)
}

func (o object) get(name string) string {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return ""
}

// text is JSON as Alipay writes it: slashes escaped, Chinese not.
func (o object) text() string {
	var parts []string
	for _, m := range o {
		value, _ := json.Marshal(m.value)
		parts = append(parts, fmt.Sprintf(`"%s":%s`, m.name, strings.ReplaceAll(string(value), "/", `\/`)))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// answer signs and sends.
func (i *Institution) answer(w http.ResponseWriter, method string, o object) {
	member := "error_response"
	if method != "" {
		member = strings.ReplaceAll(method, ".", "_") + "_response"
	}
	content, sn := o.text(), ""
	if i.certified {
		sn = fmt.Sprintf(`"alipay_cert_sn":"%s",`, i.keys.alipayCertSN)
	}
	w.Header().Set("Content-Type", "text/html;charset=utf-8")
	fmt.Fprintf(w, `{"%s":%s,%s"sign":"%s"}`, member, content, sn, signature(i.keys.alipay, []byte(content)))
}
