// What node-quickbooks and intuit-oauth make of the sandbox: one line of JSON a call.
'use strict';
const OAuthClient = require('intuit-oauth');
const QuickBooks = require('node-quickbooks');

const tell = (name, ok, detail) => process.stdout.write(JSON.stringify({ name, ok, detail }) + '\n');
const REDIRECT = 'http://localhost:5999/back';

function words(error) {
  const body = error?.response?.data ?? error?.Fault ?? error;
  return (typeof body === 'object' && !(body instanceof Error) ? JSON.stringify(body) : String(body)).slice(0, 300);
}

async function step(name, call, right = () => true) {
  try {
    const answer = await call();
    const ok = Boolean(right(answer));
    tell(name, ok, ok ? '' : 'another answer than expected: ' + JSON.stringify(answer)?.slice(0, 300));
    return answer;
  } catch (error) {
    tell(name, false, words(error));
    return undefined;
  }
}

function caller(quickbooks) {
  return (method, ...rest) => new Promise((resolve, reject) => {
    quickbooks[method](...rest, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

async function signIn() {
  const client = new OAuthClient({
    clientId: 'sandbox-web-app', clientSecret: 'sandbox-web-secret', environment: 'sandbox', redirectUri: REDIRECT,
  });
  const scope = [OAuthClient.scopes.Accounting, OAuthClient.scopes.OpenId, OAuthClient.scopes.Email, OAuthClient.scopes.Profile];
  const consent = await step('authorizeUri', async () => client.authorizeUri({ scope, state: 'of-this-test' }));
  const address = consent.replace('https://appcenter.intuit.com', process.env.SANDBOX_URL);
  const back = (await fetch(address + '&sandbox_consent=allow', { redirect: 'manual' })).headers.get('location');
  await step('createToken', () => client.createToken(back), (answer) => answer.getToken().access_token);
  await step('validateIdToken', () => client.validateIdToken(), (valid) => valid === true);
  await step('getUserInfo of intuit-oauth', () => client.getUserInfo(), (answer) => answer.json.email);
  await step('refresh', () => client.refresh(), (answer) => answer.getToken().access_token);
  await step('refreshUsingToken', () => client.refreshUsingToken(client.getToken().refresh_token));
  await step('isAccessTokenValid', async () => client.isAccessTokenValid(), (valid) => valid === true);
  const realm = new URL(back).searchParams.get('realmId');
  await step('makeApiCall', () => client.makeApiCall({
    url: `https://sandbox-quickbooks.api.intuit.com/v3/company/${realm}/companyinfo/${realm}`,
  }), (answer) => answer.json.CompanyInfo.CompanyName);
  return { client, realm };
}

async function read(call) {
  await step('getCompanyInfo', () => call('getCompanyInfo', '1'), (doc) => doc.CompanyName);
  await step('getPreferences', () => call('getPreferences'), (doc) => doc.CurrencyPrefs);
  for (const kind of ['Customers', 'Invoices', 'Payments', 'CreditMemos', 'Items', 'Accounts', 'Terms', 'Vendors',
    'Employees', 'Deposits', 'PaymentMethods', 'Attachables', 'TaxCodes', 'JournalEntries', 'Bills', 'Estimates',
    'Classes', 'Departments', 'TaxRates', 'Purchases', 'SalesReceipts', 'CustomerTypes', 'CompanyInfos']) {
    await step('find' + kind, () => call('find' + kind, {}), (answer) => answer.QueryResponse);
  }
  await step('findCustomers, limit before offset', () => call('findCustomers', { limit: 2, offset: 1 }),
    (answer) => answer.QueryResponse.Customer.length === 2);
  await step('findInvoices, criteria', () => call('findInvoices', [
    { field: 'Balance', value: '0', operator: '>' }, { field: 'TxnDate', value: '2000-01-01', operator: '>' },
  ]), (answer) => answer.QueryResponse.Invoice.every((row) => row.Balance > 0));
  await step('findCustomers, desc', () => call('findCustomers', { desc: 'MetaData.LastUpdatedTime' }));
  await step('findInvoices, count', () => call('findInvoices', { count: true }), (answer) => answer.QueryResponse.totalCount > 0);
  await step('findInvoices, fetchAll', () => call('findInvoices', { fetchAll: true }), (answer) => answer.QueryResponse.Invoice.length > 50);
  await step('changeDataCapture', () => call('changeDataCapture', 'Customer,invoice,Bill', '2000-01-01'),
    (answer) => answer.CDCResponse[0].QueryResponse.length === 3);
  await step('getExchangeRate', () => call('getExchangeRate', { sourcecurrencycode: 'EUR' }), (doc) => doc.Rate !== 1);
  for (const report of ['ProfitAndLoss', 'AgedReceivables', 'CustomerBalance']) {
    await step('report' + report, () => call('report' + report, {}), (answer) => answer.Header.ReportName === report);
  }
  await step('getUserInfo', () => call('getUserInfo'), (person) => person.email);
}

async function write(call) {
  const customer = await step('createCustomer', () => call('createCustomer', { DisplayName: 'Node Ltd', PrimaryEmailAddr: { Address: 'ap@node.example' } }));
  await step('getCustomer', () => call('getCustomer', customer.Id), (doc) => doc.DisplayName === 'Node Ltd');
  await step('updateCustomer', () => call('updateCustomer', { Id: customer.Id, SyncToken: customer.SyncToken, sparse: true, Notes: 'ask Ann' }), (doc) => doc.Notes === 'ask Ann');
  const line = { Amount: 120, DetailType: 'SalesItemLineDetail', SalesItemLineDetail: { ItemRef: { value: '1' } } };
  const invoice = await step('createInvoice', () => call('createInvoice', { CustomerRef: { value: customer.Id }, Line: [line], BillEmail: { Address: 'ap@node.example' } }));
  const second = await step('createInvoice, to void', () => call('createInvoice', { CustomerRef: { value: customer.Id }, Line: [line] }));
  await step('getInvoice', () => call('getInvoice', invoice.Id), (doc) => doc.Balance === 120);
  await step('updateInvoice', () => call('updateInvoice', { Id: invoice.Id, SyncToken: invoice.SyncToken, sparse: true, PrivateNote: 'seen' }), (doc) => doc.PrivateNote === 'seen');
  await step('getInvoicePdf', () => call('getInvoicePdf', invoice.Id), (body) => Buffer.from(body).subarray(0, 4).toString() === '%PDF');
  await step('sendInvoicePdf', () => call('sendInvoicePdf', invoice.Id, 'ap@node.example'), (doc) => (doc.Invoice ?? doc).EmailStatus === 'EmailSent');
  const payment = await step('createPayment', () => call('createPayment', { CustomerRef: { value: customer.Id }, TotalAmt: 20, Line: [{ Amount: 20, LinkedTxn: [{ TxnId: invoice.Id, TxnType: 'Invoice' }] }] }));
  await step('getPayment', () => call('getPayment', payment.Id), (doc) => doc.TotalAmt === 20);
  await step('voidPayment', () => call('voidPayment', payment), (doc) => (doc.Payment ?? doc).TotalAmt === 0);
  await step('voidInvoice', () => call('voidInvoice', second), (doc) => (doc.Invoice ?? doc).TotalAmt === 0);
  const credit = await step('createCreditMemo', () => call('createCreditMemo', { CustomerRef: { value: customer.Id }, Line: [line] }));
  await step('deleteCreditMemo', () => call('deleteCreditMemo', credit.Id), (answer) => answer.CreditMemo.status === 'Deleted');
  const sides = ['Debit', 'Credit'].map((PostingType, at) => ({ Amount: 5, DetailType: 'JournalEntryLineDetail', JournalEntryLineDetail: { PostingType, AccountRef: { value: at ? '82' : '35' } } }));
  const entry = await step('createJournalEntry', () => call('createJournalEntry', { Line: sides }));
  await step('deleteJournalEntry', () => call('deleteJournalEntry', entry.Id), (answer) => answer.JournalEntry.status === 'Deleted');
  await step('createAttachable', () => call('createAttachable', { Note: 'called', AttachableRef: [{ EntityRef: { type: 'Invoice', value: invoice.Id } }] }));
  await step('createTerm', () => call('createTerm', { Name: 'Net 46', DueDays: 46 }), (doc) => doc.DueDays === 46);
  await step('batch', () => call('batch', [
    { bId: '1', operation: 'create', Customer: { DisplayName: 'Batch Ltd' } }, { bId: '2', Query: 'select * from customer maxresults 1' },
  ]), (answer) => answer.BatchItemResponse.length === 2 && !answer.BatchItemResponse.some((each) => each.Fault));
}

async function main() {
  const { client, realm } = await signIn();
  const token = client.getToken();
  const quickbooks = new QuickBooks('sandbox-web-app', 'sandbox-web-secret', token.access_token, false, realm, true, false, 75, '2.0', token.refresh_token);
  QuickBooks.setOauthVersion('2.0', true);
  // It reads the discovery document by itself, and does not tell when it has.
  for (let tries = 0; !QuickBooks.USER_INFO_URL && tries < 100; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const call = caller(quickbooks);
  await read(call);
  await write(call);
  await step('refreshAccessToken', () => call('refreshAccessToken'), (answer) => answer.access_token);
  await step('revokeAccess', () => call('revokeAccess', true));
}

main().catch((error) => { tell('main', false, String(error.stack)); process.exitCode = 1; });
