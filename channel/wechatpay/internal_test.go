package wechatpay

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

const (
	billColumns = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
	oldColumns  = "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额,企业红包金额,微信退款单号,商户退款单号,退款金额,企业红包退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率"
	billSums    = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"

	ours     = "01KAN7Q8Z3V5T0M2R4W6X8Y0AB"
	paidRow  = "`2026-01-02 00:00:00,`wx8,`1900000109,`0,`,`4200000001,`" + ours + ",`oUpF8,`JSAPI,`SUCCESS,`OTHERS,`CNY,`12.00,`0.34,`0,`0,`0.00,`0.00,`,`,`茶,`,`0.07000,`0.60%,`12.34,`0.00,`"
	trickRow = "`2026-01-02 00:00:00,`wx8,`1900000109,`0,`,`4200000001,`" + ours + ",`oUpF8,`JSAPI,`SUCCESS,`OTHERS,`CNY,`12.00,`0.34,`0,`0,`0.00,`0.00,`,`,`茶,`9.99,`,`op_x,`0.07000,`0.60%,`12.34,`0.00,`"
	backRow  = "`2026-01-02 23:59:59,`wx8,`1900000109,`0,`,`4200000001,`OTHER-1,`oUpF8,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`5000000001,`" + ours + ",`12.00,`0.00,`ORIGINAL,`PROCESSING,`茶,`,`-0.07000,`0.60%,`0.00,`12.34,`"
	oldRow   = "`2014-11-10 16:33:45,`wx2,`10000100,`0,`1000,`1001690740,`1415640626,`085e,`MICROPAY,`SUCCESS,`OTHERS,`CNY,`0.01,`0.0,`0,`0,`0,`0,`,`,`被扫支付测试,`额外描述,`0,`0.60%"
)

func bill(rows ...string) string {
	return "\ufeff" + billColumns + "\r\n" + strings.Join(append(rows, billSums), "\r\n") + "\r\n`" + string(rune('0'+len(rows))) + ",`0.00\r\n"
}

func TestBills(t *testing.T) {
	t.Parallel()
	paid := channel.StatementLine{
		Operation: "op_" + ours, ChannelID: "4200000001", Kind: paymux.Pay, Money: paymux.Money{Amount: 1234, Currency: "CNY"}, Fee: 7,
		At: time.Date(2026, 1, 1, 16, 0, 0, 0, time.UTC),
	}
	back := channel.StatementLine{
		Operation: "op_" + ours, ChannelID: "5000000001", Kind: paymux.Refunds, Money: paymux.Money{Amount: 1234, Currency: "CNY"}, Fee: -7,
		At: time.Date(2026, 1, 2, 15, 59, 59, 0, time.UTC),
	}
	old := channel.StatementLine{
		ChannelID: "1001690740", Kind: paymux.Pay, Money: paymux.Money{Amount: 1, Currency: "CNY"}, At: time.Date(2014, 11, 10, 8, 33, 45, 0, time.UTC),
	}
	for name, c := range map[string]struct {
		text string
		want []channel.StatementLine // nil: refused
	}{
		"two lines":               {bill(paidRow, backRow), []channel.StatementLine{paid, back}},
		"commas in the goods":     {bill(trickRow), []channel.StatementLine{paid}},
		"line feeds alone":        {strings.ReplaceAll(bill(paidRow), "\r", ""), []channel.StatementLine{paid}},
		"the old format":          {oldColumns + "\n" + oldRow + "\n总交易单数,总交易额\n`1,`0.01", []channel.StatementLine{old}},
		"no lines":                {bill(), []channel.StatementLine{}},
		"empty":                   {"", nil},
		"no header":               {paidRow, nil},
		"cut off":                 {bill(paidRow)[:len(bill(paidRow))/2], nil},
		"without sums":            {billColumns + "\n" + paidRow, nil},
		"without the sums' line":  {billColumns + "\n" + paidRow + "\n" + billSums, nil},
		"a line is missing":       {strings.Replace(bill(paidRow, backRow), backRow+"\r\n", "", 1), nil},
		"a line too short":        {bill("`2026-01-02 00:00:00,`wx8"), nil},
		"a state of tomorrow":     {bill(strings.Replace(paidRow, "SUCCESS", "BEWITCHED", 1)), nil},
		"a time that is none":     {bill(strings.Replace(paidRow, "00:00:00", "25:00:00", 1)), nil},
		"a fraction of a fen":     {bill(strings.Replace(paidRow, "12.34", "12.345", 1)), nil},
		"an amount of letters":    {bill(strings.Replace(paidRow, "12.34", "1e9", 1)), nil},
		"an amount beyond reason": {bill(strings.Replace(paidRow, "12.34", "99999999999999999999.00", 1)), nil},
		"a fee of letters":        {bill(strings.Replace(paidRow, "0.07000", "free", 1)), nil},
	} {
		got, err := readBill(strings.NewReader(c.text))
		if (err == nil) != (c.want != nil) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.want != nil && len(got)+len(c.want) > 0 {
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s differs:\n%s", name, diff)
			}
		}
	}
}

func TestFen(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"0": 0, "0.0": 0, "12": 1200, "12.3": 1230, "12.34": 1234, "12.34000": 1234, "0.00600": 1, "0.00499": 0, "-0.00600": -1, "-7.79000": -779, "0.00": 0,
	} {
		if got, err := fen(text, 5); err != nil || got != want {
			t.Errorf("%q is %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-", ".5", "+1", "1,000", "1.2.3", "0x1", "１", "1 ", "NaN"} {
		if got, err := fen(text, 5); err == nil {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
}

// Whatever a bill says, reading it ends without a panic; and what is read once is read again.
func FuzzBill(f *testing.F) {
	for _, text := range []string{bill(paidRow, backRow), bill(trickRow), bill(), oldColumns + "\n" + oldRow + "\n总交易单数\n`1", "", "`,`"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := readBill(strings.NewReader(text))
		second, again := readBill(strings.NewReader(text))
		if (err == nil) != (again == nil) || !reflect.DeepEqual(first, second) {
			t.Fatalf("read twice: %v, %v", err, again)
		}
		for _, l := range first {
			if l.Kind != paymux.Pay && l.Kind != paymux.Refunds {
				t.Fatalf("line %+v", l)
			}
		}
	})
}

// Whatever a resource says, it is read without a panic, and no money is believed that is not this merchant's.
func FuzzResources(f *testing.F) {
	a := &account{mchID: "1900000109", appID: "wx8"}
	f.Add([]byte(`{"appid":"wx8","mchid":"1900000109","out_trade_no":"` + ours + `","transaction_id":"42","trade_state":"SUCCESS","attach":"op_` + ours + `","amount":{"total":1,"currency":"CNY"}}`))
	f.Add([]byte(`{"mchid":"1900000109","out_refund_no":"` + ours + `","refund_id":"50","refund_status":"SUCCESS","amount":{"refund":1}}`))
	f.Add([]byte(`{"mchid":"1900000109","out_trade_no":"` + ours + `","trade_state":"SUCCESS","refund_status":"SUCCESS","amount":{}}`))
	f.Fuzz(func(t *testing.T, plain []byte) {
		for _, tell := range []teller{a.orderNews, a.refundNews} {
			id, r, err := tell(plain)
			if err != nil || id == "" || r.State != paymux.OpSucceeded {
				continue
			}
			if r.Money.Currency == "" || !strings.Contains(string(plain), a.mchID) {
				t.Fatalf("%s of %s: %+v", id, plain, r)
			}
		}
	})
}

// A certificate goes by its own serial number, and has a key that can sign.
func TestCertificatesAreWhatTheListSays(t *testing.T) {
	t.Parallel()
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(0x0ABC)}
	made := func(public, private any) []byte {
		der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	good := made(&pair.PublicKey, pair)
	for name, c := range map[string]struct {
		text   []byte
		serial string
		good   bool
	}{
		"its own": {good, "ABC", true}, "with a zero before": {good, "0ABC", true}, "another's": {good, "ABD", false}, "none": {good, "", false},
		"no PEM": {[]byte("ABC"), "ABC", false}, "no certificate": {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), "ABC", false},
		"no RSA key": {made(&curve.PublicKey, curve), "ABC", false},
	} {
		if _, err := parseCertificate(c.text, c.serial); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every line of the tables is of a vocabulary, and none is hidden by one before it.
func TestTablesOfCodes(t *testing.T) {
	t.Parallel()
	for _, table := range [][]ruling{rulings, questions} {
		for _, line := range table {
			for _, kind := range []paymux.OperationKind{paymux.Pay, paymux.Cancel, paymux.Refunds} {
				r := answer{status: line.status, fault: fault{Code: line.code}}
				if line.concerns(kind) && !reflect.DeepEqual(rule(table, kind, r), line) {
					t.Errorf("%d %s: another line comes first for a %s", line.status, line.code, kind)
				}
			}
			if (line.verdict == refused) != (line.reason.code != "") || line.verdict == unheard {
				t.Errorf("%d %s: verdict %d with reason %q", line.status, line.code, line.verdict, line.reason.code)
			}
		}
	}
}
