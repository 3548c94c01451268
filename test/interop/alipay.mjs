// Alipay's own library for Node, on standard input told what to do:
//   {do: "sign", config, requests}     signs requests, and prints {serials, signed}
//   {do: "judge", config, forms}       judges notifications, and prints [{v2, v1}]
//   {do: "drive", config, base, order} lives through a payment at the gateway, and prints what it was answered
process.env.TZ = "Asia/Shanghai"; // the library writes the time of where it runs
import { readFileSync } from "node:fs";
import { AlipaySdk } from "alipay-sdk";

const { do: what, config, ...input } = JSON.parse(readFileSync(0, "utf8"));
const sdk = new AlipaySdk({ ...config, keyType: "PKCS8" });
const asItIs = { bizContentAutoSnakeCase: false };

function sign({ requests }) {
  const { appCertSn, alipayRootCertSn, alipayCertSn } = sdk.config;
  const signed = requests.map(({ method, params, content }) =>
    sdk.sdkExecute(method, { ...params, bizContent: JSON.parse(content) }, asItIs));
  return { serials: { appCertSn, alipayRootCertSn, alipayCertSn }, signed };
}

const attempt = (run) => {
  try {
    return run();
  } catch (err) {
    return `${err.name}: ${err.message}`;
  }
};

function judge({ forms }) {
  return forms.map((form) => {
    const said = Object.fromEntries(new URLSearchParams(form));
    return { v2: attempt(() => sdk.checkNotifySignV2(said)), v1: attempt(() => sdk.checkNotifySign(said)) };
  });
}

async function drive({ base, order }) {
  const answers = {};
  const exec = async (name, method, bizContent) => {
    try {
      answers[name] = await sdk.exec(method, { bizContent }, { validateSign: true });
    } catch (err) {
      answers[name] = { failed: err.message };
    }
  };
  const payer = (path) => fetch(base + path).then((r) => r.text());
  const ref = { out_trade_no: order };
  await exec("absent", "alipay.trade.query", ref);
  await exec("precreate", "alipay.trade.precreate", { ...ref, total_amount: "12.50", subject: "两杯茶 + 饼干 100% \"大\"" });
  await exec("waiting", "alipay.trade.query", ref);
  await payer(`/payer?code=${encodeURIComponent(answers.precreate.qrCode)}`);
  await exec("paid", "alipay.trade.query", ref);
  await exec("close", "alipay.trade.close", ref);
  await exec("refund", "alipay.trade.refund", { ...ref, refund_amount: "4.00", out_request_no: "R1" });
  await exec("again", "alipay.trade.refund", { ...ref, refund_amount: "4.00", out_request_no: "R1" });
  await exec("refunded", "alipay.trade.fastpay.refund.query", { ...ref, out_request_no: "R1" });
  await exec("other", "alipay.trade.fastpay.refund.query", { ...ref, out_request_no: "R2" });
  const told = Object.fromEntries(new URLSearchParams(await payer(`/told?order=${order}`)));
  answers.told = { believed: sdk.checkNotifySignV2(told), forged: sdk.checkNotifySignV2({ ...told, total_amount: "1.00" }) };
  const page = { out_trade_no: order + "P", total_amount: "1.00", subject: "茶 & 饼干".replace("&", "＆"), product_code: "FAST_INSTANT_TRADE_PAY" };
  answers.page = sdk.pageExec("alipay.trade.page.pay", "GET", { notifyUrl: "https://pay.example/told", bizContent: page });
  const liar = new AlipaySdk({ ...config, keyType: "PKCS8", gateway: `${base}/liar` });
  try {
    await liar.exec("alipay.trade.query", { bizContent: ref }, { validateSign: true });
    answers.lie = "believed";
  } catch (err) {
    answers.lie = "refused";
  }
  return answers;
}

console.log(JSON.stringify(await { sign, judge, drive }[what](input)));
