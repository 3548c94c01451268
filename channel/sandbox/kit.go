package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// Drive is [channel.Kit]: all accounts here pretend.
func (a *account) Drive(ctx context.Context, q channel.KitRequest) (channel.KitReply, error) {
	r, err := a.line.drive(ctx, &q)
	if err != nil {
		return channel.KitReply{}, fmt.Errorf("kit: %s: %w", q.Verb, lineError(err))
	}
	return r, nil
}

func (c counter) drive(ctx context.Context, q *channel.KitRequest) (channel.KitReply, error) {
	if q.Verb == channel.KitDescribe {
		return describe(c.at, channel.LineRefused, channel.LineBroken, channel.LineSilent), nil
	}
	return c.bank.drive(ctx, c.at, q)
}

// lines are the switches that break the line to an account.
var lines = map[channel.Line]Faults{
	channel.LineGood:    {},
	channel.LineRefused: {Down: true},
	channel.LineBroken:  {Do: ErrorAfterSuccess},
	channel.LineSilent:  {TimeoutRate: 1},
}

// mendsAfter is how long a line stays broken at most: whoever broke it may have gone away.
const mendsAfter = time.Minute

// drive does for a kit what is done here. The account's switches do not keep it from that.
func (i *Institution) drive(ctx context.Context, at *customer, q *channel.KitRequest) (r channel.KitReply, err error) {
	c, known := i.Charge(q.Operation)
	known = known && c.Account == at.name
	switch {
	case q.Verb == channel.KitLine:
		return r, i.breakLine(at, q.Line)
	case q.Verb == channel.KitNotify && q.Notice == channel.NoticeMalformed:
		return i.notice(ctx, at, &c, q.Notice)
	case q.Verb == channel.KitEffects && !known:
		return r, nil
	case !known:
		return r, errNotFound
	}
	switch q.Verb {
	case channel.KitComplete:
		return r, i.Approve(ctx, c.Operation)
	case channel.KitDecline:
		return r, i.Decline(ctx, c.Operation, "")
	case channel.KitNotify:
		return i.notice(ctx, at, &c, q.Notice)
	case channel.KitEffects:
		r.Effects = c.Effects
		return r, nil
	}
	return r, errKind
}

func (i *Institution) breakLine(at *customer, l channel.Line) error {
	faults, ok := lines[l]
	if !ok {
		return errKind
	}
	if l != channel.LineGood {
		faults.ForMS = int(mendsAfter.Milliseconds())
	}
	return i.SetFaults(at.name, faults)
}

// notice makes a notification of a charge.
func (i *Institution) notice(ctx context.Context, at *customer, c *Charge, kind channel.Notice) (channel.KitReply, error) {
	told, signed := i.report(c), i.now()
	told.ID, told.Created = "sbxn_"+unguessable(10), signed.UTC()
	var body any = &told
	switch kind {
	case channel.NoticeSuccess:
	case channel.NoticeStale:
		signed = signed.Add(-staleness)
	case channel.NoticeMalformed:
		body = []string{"paid"}
	case channel.NoticeUnknown:
		told.strange()
	default:
		return channel.KitReply{}, errKind
	}
	text, err := json.Marshal(body)
	if err != nil {
		return channel.KitReply{}, err
	}
	proof, err := sign(ctx, at.signer, signed, text)
	if err != nil {
		return channel.KitReply{}, err
	}
	return channel.KitReply{Notification: &channel.Notification{
		Method: http.MethodPost, URL: c.CallbackURL, Body: text,
		Header: http.Header{"Content-Type": {"application/json"}, signatureHeader: {proof}},
	}}, nil
}

// describe is what there is to test an account with.
func describe(at *customer, broken ...channel.Line) channel.KitReply {
	d := &channel.KitDescription{
		Payers: payersOf(at), Declines: refusalsOf(at), Notices: channel.Notices(), Lines: broken, Effects: true,
	}
	if at.magic && slices.Contains(at.methods, paymux.Card) {
		d.Unknown = &channel.KitPayment{Method: paymux.Method{Type: paymux.Card}, Card: kitCard("4242424242424242"), Amount: 1210, Currency: "CNY"}
	}
	return channel.KitReply{Kit: d}
}

// payersOf are ways to pay at an account. Where payers do not hesitate, nothing stays open for long enough to be tested.
func payersOf(at *customer) []channel.KitPayer {
	all := []channel.KitPayer{}
	add := func(name string, method paymux.MethodType, card *channel.KitCard, action paymux.NextActionType) {
		p := channel.KitPayer{
			Payment: channel.KitPayment{Name: name, Method: paymux.Method{Type: method}, Card: card},
			State:   paymux.OpSucceeded, Manual: action == "", NextAction: action,
		}
		if action != "" {
			p.State, p.Complete = paymux.OpPending, true
		}
		if slices.Contains(at.methods, method) && (action == "" || !at.eager) {
			all = append(all, p)
		}
	}
	add("card number", paymux.Card, kitCard("4242424242424242"), "")
	add("card token", paymux.Card, &channel.KitCard{Token: "tok_visa"}, "")
	add("card form", paymux.Card, nil, paymux.ActionRedirect)
	add("3-D Secure", paymux.Card, kitCard("4000002500003155"), paymux.ActionRedirect)
	add("", paymux.WeChatPay, nil, paymux.ActionDisplayQR)
	add("", paymux.Alipay, nil, paymux.ActionRedirect)
	add("", paymux.PayPal, nil, paymux.ActionRedirect)
	add("", paymux.BankTransfer, nil, paymux.ActionInstructions)
	return all
}

func kitCard(number string) *channel.KitCard {
	return &channel.KitCard{Number: number, CVC: "123", ExpMonth: 12, ExpYear: 2099}
}

// refusalsOf are payments that an account refuses: one for each card that has a code, and a payer who thinks again.
func refusalsOf(at *customer) (all []channel.KitRefusal) {
	for _, card := range Cards() {
		if why, ok := declines[card.code]; ok && slices.Contains(at.methods, paymux.Card) {
			all = append(all, channel.KitRefusal{
				Payment:     channel.KitPayment{Name: card.code, Method: paymux.Method{Type: paymux.Card}, Card: kitCard(card.Number)},
				DeclineCode: why.code, Retryable: why.retryable,
			})
		}
	}
	if slices.Contains(at.methods, paymux.WeChatPay) && !at.eager {
		all = append(all, channel.KitRefusal{
			Payment: channel.KitPayment{Name: "payer refuses", Method: paymux.Method{Type: paymux.WeChatPay}}, DeclineCode: paymux.DeclineCanceledByPayer, Decline: true,
		})
	}
	return all
}
