package test_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/client"
)

const (
	bankKey    = "key_of_the_account_0123456789"
	bankSecret = "secret_of_the_account_0123456789"
	bankToken  = "token_of_the_bank_0123456789"
)

// openSandbox starts a sandbox that is a process of its own. Its notifications are lost: the test makes them of its reports.
func (s *split) openSandbox() {
	s.t.Helper()
	address := freeAddress(s.t)
	s.bankURL = "http://" + address
	account := `{name: %s, options: {methods: wechat_pay, magic: "off", api_key: env:TEST_BANK_KEY, callback_secret: env:TEST_BANK_SECRET}}`
	config := "accounts:\n - " + fmt.Sprintf(account, "sandbox-main") + "\n - " + fmt.Sprintf(account, "sandbox-twin") + "\n"
	s.bank = s.part("bank", "sandbox", "serve", "--listen", address, "--dir", s.dir+"/bank",
		"--token-file", write(s.t, s.dir, "bank.token", bankToken), "-c", write(s.t, s.dir, "bank.yaml", config))
	s.bank.env = append(s.bank.env, "TEST_BANK_KEY="+bankKey, "TEST_BANK_SECRET="+bankSecret)
	s.bank.begin()
	s.bank.await(address)
	s.askBank(bankToken, http.MethodPut, "/sandbox/api/accounts/sandbox-main/faults", sandbox.Faults{Callbacks: sandbox.CallbacksLost}, nil)
}

// askBank calls the sandbox with a key.
func (s *split) askBank(key paymux.Secret, method, path string, in, out any) {
	s.t.Helper()
	c, err := client.New(client.Config{BaseURL: s.bankURL, Key: key, Attempts: 1})
	if err == nil {
		err = c.Call(s.t.Context(), method, path, in, out)
	}
	if err != nil {
		s.t.Errorf("%s %s: %v", method, path, err)
	}
}

func sandboxForger(t *testing.T, s *split) *forger {
	t.Helper()
	s.openSandbox()
	report := func(p *paymux.Payment) (text json.RawMessage) {
		s.askBank(bankKey, http.MethodGet, "/sandbox/v1/sandbox-main/operations/"+string(p.LatestOperation), nil, &text)
		return text
	}
	send := func(secret string, at time.Time, body []byte) letter {
		seconds := strconv.FormatInt(at.Unix(), 10)
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%s.%s", seconds, body)
		return letter{header: http.Header{"Sandbox-Signature": {"t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))}}, body: body}
	}
	notice := func(p *paymux.Payment, changes map[string]any) []byte {
		changes["id"], changes["created"] = "sbxn_"+rand.Text(), time.Now()
		return edited(report(p), changes)
	}
	f := &forger{
		institution: &institution{
			channel: "sandbox", method: client.PaymentMethod{Type: paymux.WeChatPay, Flow: paymux.FlowQR},
			options: map[string]string{"base_url": s.bankURL, "api_key": bankKey, "callback_secret": bankSecret},
			act: func(p *paymux.Payment) error {
				s.askBank(bankToken, http.MethodPost, "/sandbox/api/payments/"+string(p.ID)+"/approve", nil, nil)
				return nil
			},
			effects: func(op paymux.OperationID) (n int) {
				var book struct{ Data []sandbox.Charge }
				s.askBank(bankToken, http.MethodGet, "/sandbox/api/charges?operation="+string(op), nil, &book)
				for _, c := range book.Data {
					n += c.Effects
				}
				return n
			},
		},
		lines: []string{"sandbox: {remote: true}"}, keyed: true, stale: 6 * time.Minute, ackStatus: http.StatusOK,
		genuine: func(p *paymux.Payment) letter { return send(bankSecret, time.Now(), notice(p, map[string]any{})) },
		unsign:  without("Sandbox-Signature"), alter: replacing(t, `"amount":1250`, `"amount":1251`),
		says: map[string]string{"at another account's URL": notForUs},
	}
	f.claim = func(p *paymux.Payment, l lie) letter {
		paid := l.of(p)
		changes := map[string]any{"status": "DONE", "step": "", "page": "", "amount": paid.Amount, "currency": paid.Currency}
		if l.foreign {
			changes["account"] = "somebody-else"
		}
		body := notice(p, changes)
		if l.malformed {
			body = edited(body, map[string]any{"id": ""})
		}
		secret := bankSecret
		if l.stranger {
			secret = "a secret of nobody"
		}
		return send(secret, l.at(), body)
	}
	f.elsewhere = func(p *paymux.Payment) letter { return f.claim(p, lie{}) }
	return f
}
