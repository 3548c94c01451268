package wire_test

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/wire"
	"github.com/paymux/paymux/internal/wiretest"
)

// everything has each kind of field there is, and each way to hide one from encoding/json.
type everything struct {
	paymux.CreatePayment
	Merchant  paymux.Merchant
	Key       paymux.Key
	Endpoint  paymux.Endpoint
	Payment   paymux.Payment
	Operation paymux.Operation
	Event     paymux.Event
	Reply     paymux.Reply
	Replay    *paymux.Replay
	Callback  paymux.CallbackRequest
	Kept      *paymux.Idempotency
	Filter    paymux.EventFilter
	Attempts  []paymux.Attempt
	Limits    map[paymux.ServiceType]*paymux.Limit
	Region    paymux.Region
	Took      time.Duration
	Lists     [][]string
	Hidden    string `json:"-"`
	Left      int    `json:"left,omitempty"`
}

func TestEveryFieldSurvives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var sent, got everything
		wiretest.Fill(&sent, rapid.Uint64().Draw(t, "seed"))
		if where := wiretest.Zero(&sent); where != "" {
			t.Fatalf("the test forgets %s", where)
		}
		if err := wire.Read(wire.Append(nil, &sent), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			t.Fatalf("lost on the way:\n%s", diff)
		}
	})
}

// What is sent is JSON: what is not UTF-8 aside, encoding/json can read it, and the nouns' own tags change nothing.
func TestItIsJSON(t *testing.T) {
	t.Parallel()
	var sent everything
	wiretest.Fill(&sent, 1)
	body := wire.Append(nil, &sent)
	var o map[string]any
	if err := json.Unmarshal(body, &o); err != nil {
		t.Fatal(err)
	}
	if o["Hidden"] == nil || o["Left"] == nil || o["CreatePayment"].(map[string]any)["Card"] == nil {
		t.Errorf("%v", o)
	}
}

func TestEmptyIsNotNil(t *testing.T) {
	t.Parallel()
	type lists struct {
		Names  []string
		Texts  map[string]string
		Limits map[string]paymux.Limit
		Bytes  []byte
		Raw    json.RawMessage
		Within [][]byte
		Card   *paymux.CardDetails
	}
	for name, sent := range map[string]lists{
		"nil": {},
		"empty": {
			Names: []string{}, Texts: map[string]string{}, Limits: map[string]paymux.Limit{}, Bytes: []byte{}, Raw: json.RawMessage{},
			Within: [][]byte{nil, {}, {0}}, Card: &paymux.CardDetails{},
		},
	} {
		var got lists
		if err := wire.Read(wire.Append(nil, &sent), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Stored JSON comes out as it went in, whatever it is.
func TestStoredJSONIsKeptToTheByte(t *testing.T) {
	t.Parallel()
	type kept struct {
		Before string
		Raw    json.RawMessage
		After  string
	}
	for _, raw := range []string{
		`{}`, `{"a":"<&>` + "\u2028" + `"}`, "{ \"a\" :\n[1, 2.50, -1e9, true, null, \"}]\\\"\\\\\"] }", `{"a":{"b":[[],{}]}}`,
		" {}", "{}\n", "[1]", `"text"`, "null", "12", "no JSON at all", "", "{", "}", "\xff",
	} {
		sent, got := kept{"b", json.RawMessage(raw), "a"}, kept{}
		if err := wire.Read(wire.Append(nil, &sent), &got); err != nil {
			t.Errorf("%q: %v", raw, err)
		} else if diff := cmp.Diff(sent, got); diff != "" {
			t.Errorf("%q: %s", raw, diff)
		}
	}
}

// The ends of a rolling update differ: what the other does not know yet, or no more, is passed over.
func TestUnknownMembersArePassedOver(t *testing.T) {
	t.Parallel()
	var got paymux.Money
	body := ` { "Later" : {"a":[1,"}",{"b":"\\"}],"c":null} , "Currency" : "C\u004e\u0059" , "Amount":12 , "More":[ ] , "Yes":true, "No": -1.5e3 } `
	if err := wire.Read([]byte(body), &got); err != nil || got != (paymux.Money{Amount: 12, Currency: "CNY"}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestTextOfOthersIsRead(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`"a\"\\\/\b\f\n\r\t"`: "a\"\\/\b\f\n\r\t", `"\u5c71\ud83d\ude00x"`: "山😀x", `"\ud83d"`: "\ufffd", `"\ud83d\u0041"`: "\ufffdA", `null`: "",
	} {
		var got string
		if err := wire.Read([]byte(body), &got); err != nil || got != want {
			t.Errorf("%s: %q, %v", body, got, err)
		}
	}
}

const secret = "4242424242424242"

func TestWhatIsMalformedIsRefusedAndNotQuoted(t *testing.T) {
	t.Parallel()
	var whole paymux.CreatePayment
	wiretest.Fill(&whole, 3)
	whole.Card.Number = secret
	body := wire.Append(nil, &whole)
	bad := [][]byte{
		[]byte(`{"Card":{"Number":` + secret + `}}`), []byte(`{"Card":"` + secret + `"}`), []byte(`{"Money":{"Amount":"` + secret + `"}}`),
		[]byte(`{"Money":{"Amount":42424242424242424242}}`), []byte(`{"ExpiresAt":"` + secret + `"}`), []byte(`{"Confirm":` + secret + `}`), []byte(`{"Caller":{"Fingerprint":"#` + secret + `"}}`),
		[]byte(`{"Metadata":["` + secret + `"]}`), []byte(`{"Description":"\x"}`), []byte(`{"Description":"\u12"}`), []byte(`{"Description":"` + secret), []byte(`{"X":}`), []byte(`{"X":]}`),
		[]byte(`{} {}`), []byte(``), []byte(`[`), []byte(`{"Metadata":{"a":"b",}}`), []byte(`{"Metadata":{"a" "b"}}`),
	}
	for i := range body {
		if i%7 == 0 {
			bad = append(bad, body[:i])
		}
	}
	for _, b := range bad {
		var got paymux.CreatePayment
		if err := wire.Read(b, &got); err == nil {
			t.Errorf("%s is read as %+v", b, got)
		} else if strings.Contains(err.Error(), secret[:5]) {
			t.Errorf("the error quotes what was sent: %v", err)
		}
	}
}

// A type of which something would stay behind is refused, whatever its values are.
func TestWhatCannotTravelIsRefused(t *testing.T) {
	t.Parallel()
	refuses[struct{ Do func() }](t)
	refuses[struct{ C chan int }](t)
	refuses[struct{ hidden int }](t)
	refuses[[]struct{ M map[int]string }](t)
	refuses[struct{ I interface{ Hour() int } }](t)
	refuses[struct{ F float32 }](t)
}

func refuses[T any](t *testing.T) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s is taken", reflect.TypeFor[T]())
		}
	}()
	wire.Append(nil, new(T))
}

func TestCausesStayAtHome(t *testing.T) {
	t.Parallel()
	sent := paymux.Reply{Error: paymux.Errorf(paymux.Internal, "Sorry.").Because(paymux.NotFound)}
	var got paymux.Reply
	if err := wire.Read(wire.Append(nil, &sent), &got); err != nil || got.Error.Err != nil || got.Error.Message != "Sorry." {
		t.Errorf("%+v, %v", got.Error, err)
	}
}

// FuzzRead feeds anything: what is read can be sent and comes out the same, and nothing panics.
func FuzzRead(f *testing.F) {
	var seed everything
	wiretest.Fill(&seed, 5)
	f.Add(wire.Append(nil, &seed))
	for _, s := range []string{`{"Reply":{"Object":{"a":1},"Error":{"Fields":[{"Value":[1,"x"]}]}}}`, `{"Lists":[null,["a\u00e9\\"]]}`, `{"Took":-1,"Left":"x"}`, `null`, `{"Kept":{"Answer":"` + base64.StdEncoding.EncodeToString([]byte("{}")) + `"}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var first, second everything
		if wire.Read(body, &first) != nil {
			return
		}
		if err := wire.Read(wire.Append(nil, &first), &second); err != nil {
			t.Fatalf("%s\nsent again as\n%s\n%v", body, wire.Append(nil, &first), err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("%s\n%s", body, diff)
		}
	})
}
