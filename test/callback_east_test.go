package test_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/test/alipayfake"
	"github.com/paymux/paymux/test/wechatpayfake"
)

func wechatpayForger(t *testing.T) *forger {
	t.Helper()
	bank := wechatpayfake.New(wechatpayfake.Config{})
	stranger := wechatpayfake.New(wechatpayfake.Config{})
	stranger.Merchant = bank.Merchant // it knows all but the platform's key
	notice := func(bank *wechatpayfake.Institution, n wechatpayfake.Notice) letter {
		n.Event = "TRANSACTION.SUCCESS"
		header, body := bank.Notify(n)
		return letter{header: header, body: body}
	}
	f := &forger{
		institution: &institution{
			channel: "wechatpay", options: bank.Options(serve(t, bank)), method: client.PaymentMethod{Type: paymux.WeChatPay, Flow: paymux.FlowQR},
			act:     func(p *paymux.Payment) error { return bank.Pay(number(p)) },
			effects: func(op paymux.OperationID) int { return bank.Effects(paymux.OrderNumber(string(op))) },
		},
		keyed: true, stale: 6 * time.Minute, ackStatus: http.StatusNoContent,
		genuine: func(p *paymux.Payment) letter {
			return notice(bank, wechatpayfake.Notice{Number: number(p)})
		},
		unsign: without("Wechatpay-Signature"), alter: replacing(t, `"TRANSACTION.SUCCESS"`, `"TRANSACTION.SUCCESSFUL"`),
		// Whose a notification is, is encrypted, and what the platform has not signed is not handed to the key
		// service to be opened: anybody could keep it busy.
		says: map[string]string{"unsigned": unknowable, "signed with another key": unknowable, "changed after it was signed": unknowable},
	}
	f.claim = func(p *paymux.Payment, l lie) letter {
		paid := l.of(p)
		resource := map[string]any{
			"appid": bank.Merchant.AppID, "mchid": bank.Merchant.MchID, "out_trade_no": number(p),
			"attach": p.LatestOperation, "trade_state": "SUCCESS", "transaction_id": "4200000000000000000000000001",
			"amount": map[string]any{"total": paid.Amount, "payer_total": paid.Amount, "currency": paid.Currency, "payer_currency": paid.Currency},
		}
		if l.foreign {
			resource["mchid"] = "1900000110"
		}
		if l.malformed {
			delete(resource, "trade_state")
		}
		n := wechatpayfake.Notice{Plain: encode(resource), At: l.at()}
		if !l.stranger {
			return notice(bank, n)
		}
		forged := notice(stranger, n)
		forged.header.Set("Wechatpay-Serial", notice(bank, n).header.Get("Wechatpay-Serial"))
		return forged
	}
	f.elsewhere = func(p *paymux.Payment) letter { return f.claim(p, lie{}) }
	f.more = []attack{{"of another application", func(_ *forger, p *paymux.Payment) letter {
		return notice(bank, wechatpayfake.Notice{Number: number(p), Resource: map[string]any{"appid": "wx9999999999999999", "trade_state": "SUCCESS"}})
	}, "", notForUs}}
	return f
}

func alipayForger(t *testing.T) *forger {
	t.Helper()
	bank, err := alipayfake.New(alipayfake.Config{})
	stranger, wrong := alipayfake.New(alipayfake.Config{})
	if err = errors.Join(err, wrong); err != nil {
		t.Fatal(err)
	}
	form := func(body []byte) letter {
		return letter{header: http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}, body: body}
	}
	told := func(p *paymux.Payment, at time.Time) map[string]string {
		return bank.Notification(number(p), at)
	}
	f := &forger{
		institution: &institution{
			channel: "alipay", options: bank.Options(serve(t, bank)), method: client.PaymentMethod{Type: paymux.Alipay, Flow: paymux.FlowWeb},
			act:     func(p *paymux.Payment) error { return bank.Pay(number(p)) },
			effects: func(op paymux.OperationID) int { return bank.Effects(paymux.OrderNumber(string(op))) },
		},
		stale: 27 * time.Hour, ackStatus: http.StatusOK, ackBody: "success",
		come:    func(p *paymux.Payment) error { _, err := bank.Come(p.NextAction); return err },
		genuine: func(p *paymux.Payment) letter { return form(bank.Sign(told(p, time.Now()))) },
		alter:   replacing(t, "total_amount=12.50", "total_amount=12.51"),
		unsign: func(l letter) letter {
			values, err := url.ParseQuery(string(l.body))
			if err != nil {
				t.Error(err)
			}
			values.Del("sign")
			return form([]byte(values.Encode()))
		},
		lacks: map[string]string{"of another currency": "Alipay's name none, they are in yuan"},
	}
	claimed := func(p *paymux.Payment, at time.Time, changes map[string]string) map[string]string {
		all := told(p, at)
		all["trade_status"] = "TRADE_SUCCESS"
		maps.Copy(all, changes)
		return all
	}
	f.claim = func(p *paymux.Payment, l lie) letter {
		paid := l.of(p)
		changes := map[string]string{"total_amount": fmt.Sprintf("%d.%02d", paid.Amount/100, paid.Amount%100)}
		if l.foreign {
			changes["app_id"] = "2021000000000009"
		}
		if l.malformed {
			changes["total_amount"] = "all of it"
		}
		signer := bank
		if l.stranger {
			signer = stranger
		}
		return form(signer.Sign(claimed(p, l.at(), changes)))
	}
	f.elsewhere = func(p *paymux.Payment) letter { return f.claim(p, lie{}) }
	f.more = []attack{{"of another seller", func(_ *forger, p *paymux.Payment) letter {
		return form(bank.Sign(claimed(p, time.Now(), map[string]string{"seller_id": "2088000000000009"})))
	}, "", notForUs}}
	return f
}
