package alipay

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/test/alipayfake"
)

const (
	anOrder  = "0RJ8KZ3P4D7QXW5N2M6T1V9B0C"
	aRefund  = "0RJ8KZ3P4D7QXW5N2M6T1V9B0D"
	aHeading = "支付宝交易号,商户订单号,业务类型,完成时间,订单金额（元）,退款批次号/请求号,服务费（元）\n"
)

func TestListing(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 2, 28, 16, 0, 1, 0, time.UTC)
	for name, c := range map[string]struct {
		text string
		want []channel.StatementLine
		list bool // it lists bookings
		fail bool
	}{
		"nothing":    {"", nil, false, false},
		"summary":    {"#x\n门店编号,门店名称\n合计,\n", nil, false, false},
		"empty list": {"#支付宝业务明细查询\n" + aHeading + "#结束\n", nil, true, false},
		"a trade": {aHeading + "2026022822001\t,`" + anOrder + "\t,交易,2026-03-01 00:00:01,12.50,,-0.08\n",
			[]channel.StatementLine{{Operation: "op_" + anOrder, ChannelID: "2026022822001", Kind: paymux.Pay, Money: paymux.Money{Amount: 1250, Currency: "CNY"}, Fee: 8, At: at}}, true, false},
		"a refund": {aHeading + "2026022822001," + anOrder + ",退款,2026-03-01 00:00:01,-4.00," + aRefund + ",0.02\n",
			[]channel.StatementLine{{Operation: "op_" + aRefund, ChannelID: "2026022822001", Kind: paymux.Refunds, Money: paymux.Money{Amount: 400, Currency: "CNY"}, Fee: -2, At: at}}, true, false},
		"another program's trade": {aHeading + "2026022822001,A-17,交易,2026-03-01 00:00:01,1.00,,\n",
			[]channel.StatementLine{{ChannelID: "2026022822001", Kind: paymux.Pay, Money: paymux.Money{Amount: 100, Currency: "CNY"}, At: at}}, true, false},
		"a kind nobody knows": {aHeading + "2026022822001," + anOrder + ",转账,2026-03-01 00:00:01,1.00,,0.00\n",
			[]channel.StatementLine{{ChannelID: "2026022822001", Money: paymux.Money{Amount: 100, Currency: "CNY"}, At: at}}, true, false},
		"columns in another order": {"服务费(元),退款批次号/请求号,订单金额(元),完成时间,业务类型,商户订单号,商品名称,支付宝交易号\n0.00,,1.00,2026-03-01 00:00:01,交易," + anOrder + ",\"茶, \"\"大\"\"\n杯\",2026022822001\n",
			[]channel.StatementLine{{Operation: "op_" + anOrder, ChannelID: "2026022822001", Kind: paymux.Pay, Money: paymux.Money{Amount: 100, Currency: "CNY"}, At: at}}, true, false},
		"a column missing":   {"支付宝交易号,商户订单号,业务类型\n", nil, true, true},
		"an amount of words": {aHeading + "1,2,交易,2026-03-01 00:00:01,much,,0.00\n", nil, true, true},
		"a fee of words":     {aHeading + "1,2,交易,2026-03-01 00:00:01,1.00,,much\n", nil, true, true},
		"no time":            {aHeading + "1,2,交易,,1.00,,0.00\n", nil, true, true},
		"a row cut short":    {aHeading + "1,2,交易\n", nil, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines, listing, err := readListing(strings.NewReader(c.text))
			if (err != nil) != c.fail || listing != c.list {
				t.Fatalf("listing %t, %v", listing, err)
			}
			if diff := cmp.Diff(c.want, lines); !c.fail && diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestArchives(t *testing.T) {
	t.Parallel()
	row := "2026022822001," + anOrder + ",交易,2026-03-01 00:00:01,12.50,,-0.08\n"
	pack := func(files ...alipayfake.File) []byte {
		packed, err := alipayfake.Pack(files...)
		if err != nil {
			t.Fatal(err)
		}
		return packed
	}
	whole := pack(alipayfake.File{Name: "汇总.csv", Text: "门店编号\n"}, alipayfake.File{Name: "明细.csv", Text: aHeading + row})
	if lines, err := readBill(whole); err != nil || len(lines) != 1 || lines[0].Operation != "op_"+anOrder {
		t.Errorf("%+v, %v", lines, err)
	}
	for name, packed := range map[string][]byte{
		"no list in it": pack(alipayfake.File{Name: "汇总.csv", Text: "门店编号\n"}), "nothing in it": pack(), "nothing": nil,
		"half of it": whole[:len(whole)/2], "a page": []byte("<html>"),
		"a broken list": pack(alipayfake.File{Name: "明细.csv", Text: aHeading + "1,2\n"}),
	} {
		if lines, err := readBill(packed); err == nil {
			t.Errorf("%s: %+v", name, lines)
		}
	}
}

// FuzzListing: what is read is in order, whole, and makes sense; the rest is an error, never a panic.
func FuzzListing(f *testing.F) {
	f.Add("#x\n" + aHeading + "2026022822001\t," + anOrder + ",交易,2026-03-01 00:00:01,12.50,,-0.08\n")
	f.Add(aHeading + "1,2,退款,2026-03-01 00:00:01,-12.50," + aRefund + ",0.01\n#end")
	f.Add(alipayfake.Heading + "\n\"1\n\",,,\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines, listing, err := readListing(strings.NewReader(text))
		if err == nil && !listing && lines != nil {
			t.Fatal("bookings without a list")
		}
		for _, l := range lines {
			if l.Money.Amount < 0 || l.Money.Currency != yuan || l.At.IsZero() || l.Operation != "" && l.Kind == "" {
				t.Fatalf("a booking is %+v", l)
			}
		}
	})
}

func FuzzArchive(f *testing.F) {
	packed, err := alipayfake.Pack(alipayfake.File{Name: "明细.csv", Text: aHeading})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Add(packed[:40])
	f.Fuzz(func(_ *testing.T, packed []byte) { readBill(packed) })
}

// endless is a file that goes on.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, strings.Repeat("#\n", len(p)/2+1)), nil }

func TestAListingEndsWithItsReader(t *testing.T) {
	t.Parallel()
	if _, listing, err := readListing(io.LimitReader(endless{}, 1<<16)); listing || err != nil {
		t.Errorf("listing %t, %v", listing, err)
	}
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	for text, want := range map[decimal]int64{"12.50": 1250, "12.5": 1250, "0.01": 1, "88": 8800, "12.505": -1, "1e3": -1, "-1.00": -1, "+1.00": -1, " 1.00": -1, "much": -1, ".5": -1} {
		if m := text.money(); m != (paymux.Money{Amount: want, Currency: yuan}) {
			t.Errorf("%q is %s, want %d", text, m, want)
		}
	}
	if m := decimal("").money(); m != (paymux.Money{}) {
		t.Errorf("nothing is %s", m)
	}
}

func TestSubjects(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("茶", 200)
	for text, want := range map[string]string{
		"两杯茶 & 饼干/a=b": "两杯茶 ＆ 饼干／a＝b", "a\nb\tc\x00\u2028d": "a b c  d", "🍵 \"x\" + 100%": "🍵 \"x\" + 100%", long: long[:3*longestSubject],
	} {
		if got := subject(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// What is verified is what came, byte for byte, wherever in the answer it stands.
func TestSplitKeepsBytes(t *testing.T) {
	t.Parallel()
	content := `{ "code":"10000", "url":"https:\/\/a", "msg":"成功\u4e2d" ,"x":[1.0, {"sign":"no"}] }`
	for _, text := range []string{
		`{"a_b_response":` + content + `,"sign":"s"}`, `{"sign":"s","alipay_cert_sn":"n","a_b_response":` + content + `}`,
		" {\n\"a_b_response\" : " + content + " , \"sign\" : \"s\" } ", `{"error_response":` + content + `,"sign":"s"}`,
	} {
		s, err := split([]byte(text), "a.b")
		if err != nil || string(s.content) != content || s.signature != "s" {
			t.Errorf("%s: %q, %v", text, s.content, err)
		}
	}
	for _, text := range []string{`{"sign":"s"}`, `{"a_b_response":{},"sign":1}`, `[]`, `{"a_b_response":{}`, `null`} {
		if s, err := split([]byte(text), "a.b"); err == nil {
			t.Errorf("%s: %+v", text, s)
		}
	}
}

func TestTheUnsureAreNotUnsent(t *testing.T) {
	t.Parallel()
	if err := unsure(channel.ErrNotSent); err == nil || errors.Is(err, channel.ErrNotSent) {
		t.Errorf("%v", err)
	}
	if err := unsure(channel.ErrAbsent); !errors.Is(err, channel.ErrAbsent) {
		t.Errorf("%v", err)
	}
	if unsure(nil) != nil {
		t.Error("nothing becomes something")
	}
}
