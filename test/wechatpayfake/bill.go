package wechatpayfake

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// booking is one line of a bill: a payment, or, with refund, a refund.
type booking struct {
	at     time.Time
	order  *order
	refund *refund
}

const (
	billHeader   = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
	sumHeader    = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
	feePerMille  = 6
	billLifetime = 10 // o'clock in Beijing, from when the day before has a bill
)

func (s *Institution) announceBill(in *call) {
	q := in.URL.Query()
	date, err := time.ParseInLocation(time.DateOnly, q.Get("bill_date"), beijing())
	if err != nil || q.Get("bill_type") != "ALL" || q.Get("tar_type") != "" && q.Get("tar_type") != "GZIP" {
		in.refuse(http.StatusBadRequest, "PARAM_ERROR", "bill_date, bill_type or tar_type")
		return
	}
	now := s.Now()
	if made := date.AddDate(0, 0, 1).Add(billLifetime * time.Hour); now.Before(made) && !s.EarlyBills {
		in.refuse(http.StatusBadRequest, "STATEMENT_CREATING", "账单生成中")
		return
	}
	content, lines := s.bill(date)
	if lines == 0 && !s.EarlyBills {
		in.refuse(http.StatusBadRequest, "NO_STATEMENT_EXIST", "账单文件不存在")
		return
	}
	digest, token := sha1.Sum(content), rand.Text()
	if q.Get("tar_type") == "GZIP" {
		content = zipped(content)
	}
	s.bills[token] = content
	in.answer = map[string]string{
		"hash_type": "SHA1", "hash_value": hex.EncodeToString(digest[:]),
		"download_url": "http://" + in.Host + "/v3/billdownload/file?token=" + token,
	}
}

func (s *Institution) sendBill(in *call) {
	content, ok := s.bills[in.URL.Query().Get("token")]
	if !ok {
		in.refuse(http.StatusBadRequest, "INVALID_REQUEST", "下载链接过期，请重新请求文件下载")
		return
	}
	in.raw = content
}

func zipped(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(content)
	w.Close()
	return b.Bytes()
}

// bill is the trade bill of a day in Beijing.
func (s *Institution) bill(date time.Time) (content []byte, lines int) {
	var b strings.Builder
	b.WriteString("\ufeff" + billHeader + "\r\n")
	var paid, back, fees int64
	for _, k := range s.booked {
		if at := k.at.In(beijing()); at.Format(time.DateOnly) != date.Format(time.DateOnly) {
			continue
		}
		fields, fee := s.line(k)
		b.WriteString("`" + strings.Join(fields, ",`") + "\r\n")
		lines, fees = lines+1, fees+fee
		if k.refund != nil {
			back += k.refund.amount
		} else {
			paid += k.order.total
		}
	}
	fmt.Fprintf(&b, "%s\r\n`%d,`%s,`%s,`0.00,`%s000,`%s,`%s\r\n", sumHeader, lines, yuan(paid), yuan(back), yuan(fees), yuan(paid), yuan(back))
	return []byte(b.String()), lines
}

func (s *Institution) line(k booking) (fields []string, fee int64) {
	o := k.order
	fields = []string{
		k.at.In(beijing()).Format(time.DateTime), s.Merchant.AppID, s.Merchant.MchID, "0", "", o.transaction, o.number, o.openID,
		strings.ToUpper(o.way), "SUCCESS", "OTHERS", "CNY", yuan(o.total), "0.00", "0", "0", "0.00", "0.00", "", "", o.description, o.attach,
	}
	fee, total, back := (o.total*feePerMille+500)/1000, yuan(o.total), "0.00"
	if f := k.refund; f != nil {
		fee = -(f.amount*feePerMille + 500) / 1000
		copy(fields[9:], []string{"REFUND"})
		copy(fields[12:], []string{"0.00", "0.00", f.id, f.number, yuan(f.amount), "0.00", "ORIGINAL", f.status})
		total, back = "0.00", yuan(f.amount)
	}
	return append(fields, yuan(fee)+"000", "0.60%", total, back, ""), fee
}

func yuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	return fmt.Sprintf("%s%d.%02d", sign, fen/100, fen%100)
}
