// What xero-node makes of the sandbox: one line of JSON a call.
'use strict';
const { XeroClient, TokenSet } = require('xero-node');

const tell = (name, ok, detail) => process.stdout.write(JSON.stringify({ name, ok, detail }) + '\n');

function words(error) {
  const body = error?.response?.body ?? error?.body ?? error;
  return (typeof body === 'object' && !(body instanceof Error) ? JSON.stringify(body) : String(body)).slice(0, 300);
}

async function step(name, call, right = () => true) {
  try {
    const answer = await call();
    const ok = Boolean(right(answer));
    tell(name, ok, ok ? '' : 'another answer than expected: ' + JSON.stringify(answer?.body ?? answer)?.slice(0, 300));
    return answer;
  } catch (error) {
    tell(name, false, words(error));
    return undefined;
  }
}

// A call that Xero refuses has to be refused here too, and understood.
async function refused(name, call, status) {
  try {
    await call();
    tell(name, false, 'it was accepted');
  } catch (error) {
    const text = typeof error === 'string' ? JSON.parse(error) : error;
    const got = text?.response?.statusCode ?? text?.response?.status;
    tell(name, got === status, got === status ? '' : words(error));
  }
}

async function signIn(xero) {
  const consent = await step('buildConsentUrl', () => xero.buildConsentUrl(), (url) => url.includes('/identity/connect/authorize'));
  const answer = await fetch(consent + '&sandbox_consent=allow', { redirect: 'manual' });
  return answer.headers.get('location');
}

async function main() {
  const xero = new XeroClient({
    clientId: 'sandbox-web-app',
    clientSecret: 'sandbox-web-secret',
    redirectUris: ['http://localhost:5999/back'],
    scopes: ('openid profile email offline_access accounting.invoices accounting.payments accounting.contacts ' +
      'accounting.settings accounting.attachments accounting.banktransactions accounting.reports.aged.read').split(' '),
    state: 'of-this-test',
  });
  await step('initialize', () => xero.initialize(), (client) => client.openIdClient);
  const back = await signIn(xero);
  await step('apiCallback', () => xero.apiCallback(back), (tokens) => tokens.id_token && tokens.refresh_token);
  await step('userinfo', () => xero.openIdClient.userinfo(xero.readTokenSet()), (who) => who.email);
  await step('updateTenants', () => xero.updateTenants(), (rows) => rows.length === 2 && rows.every((row) => row.orgData));
  await step('refreshToken', () => xero.refreshToken(), (tokens) => tokens.access_token);
  await step('refreshWithRefreshToken', () =>
    xero.refreshWithRefreshToken('sandbox-web-app', 'sandbox-web-secret', xero.readTokenSet().refresh_token));
  await step('setTokenSet', async () => xero.setTokenSet(new TokenSet(xero.readTokenSet())));

  const api = xero.accountingApi;
  const tenant = xero.tenants.find((row) => row.tenantName === 'Sandbox Trading Ltd').tenantId;
  const other = xero.tenants.find((row) => row.tenantId !== tenant).tenantId;
  const none = undefined;
  const some = (key) => (answer) => answer.body[key].length > 0;
  const list = (key) => (answer) => Array.isArray(answer.body[key]);

  await step('getOrganisations', () => api.getOrganisations(tenant), (a) => a.body.organisations[0].name === 'Sandbox Trading Ltd');
  await step('getOrganisations of another', () => api.getOrganisations(other), (a) => a.body.organisations[0].name === 'Quay Ltd');
  await step('getOrganisationActions', () => api.getOrganisationActions(tenant), some('actions'));
  await step('getAccounts', () => api.getAccounts(tenant), some('accounts'));
  await step('getBrandingThemes', () => api.getBrandingThemes(tenant), some('brandingThemes'));
  await step('getCurrencies', () => api.getCurrencies(tenant), list('currencies'));
  await step('getTaxRates', () => api.getTaxRates(tenant), some('taxRates'));
  const users = await step('getUsers', () => api.getUsers(tenant), some('users'));
  await step('getUser', () => api.getUser(tenant, users.body.users[0].userID), some('users'));
  await step('getItems', () => api.getItems(tenant), list('items'));
  await step('getBankTransactions', () => api.getBankTransactions(tenant, none, none, none, 1), list('bankTransactions'));
  await step('getInvoiceReminders', () => api.getInvoiceReminders(tenant), (a) => a.body.invoiceReminders[0].enabled === false);
  await step('getRepeatingInvoices', () => api.getRepeatingInvoices(tenant), list('repeatingInvoices'));
  await step('getBatchPayments', () => api.getBatchPayments(tenant), list('batchPayments'));
  await step('getPrepayments', () => api.getPrepayments(tenant, none, none, none, 1), list('prepayments'));
  await step('getOverpayments', () => api.getOverpayments(tenant, none, none, none, 1), list('overpayments'));

  const contacts = await step('getContacts', () => api.getContacts(tenant, none, none, 'Name ASC', none, 1, true), some('contacts'));
  const contact = contacts.body.contacts[0];
  await step('getContacts unpaged', () => api.getContacts(tenant), some('contacts'));
  await step('getContacts summary', () => api.getContacts(tenant, none, none, none, none, 1, false, true), some('contacts'));
  await step('getContacts by ids', () => api.getContacts(tenant, none, none, none, [contact.contactID], 1), (a) => a.body.contacts.length === 1);
  await step('getContacts by term', () => api.getContacts(tenant, none, none, none, none, 1, false, false, contact.name), some('contacts'));
  await step('getContact', () => api.getContact(tenant, contact.contactID), (a) => a.body.contacts[0].name === contact.name);
  await step('getContactByContactNumber', () => api.getContactByContactNumber(tenant, contact.contactNumber), some('contacts'));
  const made = await step('createContacts', () => api.createContacts(tenant, { contacts: [{ name: 'Node Ltd', emailAddress: 'node@x.example' }] }, true), some('contacts'));
  const node = made.body.contacts[0].contactID;
  const terms = { sales: { day: 14, type: 'DAYSAFTERBILLDATE' } };
  await step('updateContact', () => api.updateContact(tenant, node, { contacts: [{ paymentTerms: terms }] }), (a) => a.body.contacts[0].paymentTerms.sales.day === 14);
  await step('updateOrCreateContacts', () => api.updateOrCreateContacts(tenant, { contacts: [{ contactID: node, firstName: 'Nora' }] }, false), (a) => a.body.contacts[0].firstName === 'Nora');
  await step('createContactHistory', () => api.createContactHistory(tenant, node, { historyRecords: [{ details: 'a note' }] }), some('historyRecords'));
  await step('getContactHistory', () => api.getContactHistory(tenant, node), some('historyRecords'));

  const group = await step('createContactGroup', () => api.createContactGroup(tenant, { contactGroups: [{ name: 'Of node' }] }), some('contactGroups'));
  const groupId = group.body.contactGroups[0].contactGroupID;
  await step('createContactGroupContacts', () => api.createContactGroupContacts(tenant, groupId, { contacts: [{ contactID: node }] }), some('contacts'));
  await step('getContactGroups', () => api.getContactGroups(tenant), some('contactGroups'));
  await step('getContactGroup', () => api.getContactGroup(tenant, groupId), (a) => a.body.contactGroups[0].contacts.length === 1);
  await step('deleteContactGroupContact', () => api.deleteContactGroupContact(tenant, groupId, node));
  await step('updateContactGroup', () => api.updateContactGroup(tenant, groupId, { contactGroups: [{ name: 'Of node again' }] }), some('contactGroups'));

  const day = new Date().toISOString().slice(0, 10);
  const lines = [{ description: 'Work', quantity: 2, unitAmount: 50, accountCode: '200', taxType: 'NONE' }];
  const draft = { type: 'ACCREC', status: 'AUTHORISED', contact: { contactID: node }, date: day, dueDate: day, lineItems: lines };
  const created = await step('createInvoices', () => api.createInvoices(tenant, { invoices: [draft] }, false, 4), (a) => a.body.invoices[0].total === 100);
  const invoice = created.body.invoices[0];
  const id = invoice.invoiceID;
  await step('getInvoices', () => api.getInvoices(tenant, none, 'Type=="ACCREC"', 'InvoiceID ASC', none, none, none, none, 1, false, false, 4, false, 1000), some('invoices'));
  await step('getInvoices unpaged', () => api.getInvoices(tenant), some('invoices'));
  await step('getInvoices by numbers', () => api.getInvoices(tenant, none, none, none, none, [invoice.invoiceNumber]), (a) => a.body.invoices.length === 1);
  await step('getInvoices by contact and status', () => api.getInvoices(tenant, none, none, none, none, none, [node], ['AUTHORISED'], 1), (a) => a.body.invoices.length === 1);
  await step('getInvoices since', () => api.getInvoices(tenant, new Date(Date.now() - 3600e3), none, none, none, none, none, none, 1), some('invoices'));
  await step('getInvoices by my app', () => api.getInvoices(tenant, none, none, none, none, none, none, none, 1, false, true), (a) => a.body.invoices.length === 1);
  await step('getInvoices summary', () => api.getInvoices(tenant, none, none, none, none, none, none, none, 1, false, false, none, true), some('invoices'));
  await step('getInvoice', () => api.getInvoice(tenant, id), (a) => a.body.invoices[0].amountDue === 100);
  await step('getInvoiceAsPdf', () => api.getInvoiceAsPdf(tenant, id), (a) => Buffer.from(a.body).subarray(0, 4).toString() === '%PDF');
  await step('getOnlineInvoice', () => api.getOnlineInvoice(tenant, id), some('onlineInvoices'));
  await step('createInvoiceHistory', () => api.createInvoiceHistory(tenant, id, { historyRecords: [{ details: 'a note' }] }, 'key-of-a-note'), some('historyRecords'));
  await step('getInvoiceHistory', () => api.getInvoiceHistory(tenant, id), some('historyRecords'));
  await step('createInvoiceAttachmentByFileName', () => api.createInvoiceAttachmentByFileName(tenant, id, 'letter.txt', Buffer.from('Dear customer'), true), some('attachments'));
  await step('getInvoiceAttachments', () => api.getInvoiceAttachments(tenant, id), some('attachments'));
  await step('getInvoiceAttachmentByFileName', () => api.getInvoiceAttachmentByFileName(tenant, id, 'letter.txt', 'text/plain'), (a) => Buffer.from(a.body).toString() === 'Dear customer');
  await step('emailInvoice', () => api.emailInvoice(tenant, id, {}));
  await step('updateInvoice', () => api.updateInvoice(tenant, id, { invoices: [{ invoiceID: id, expectedPaymentDate: day }] }), some('invoices'));
  await step('updateOrCreateInvoices', () => api.updateOrCreateInvoices(tenant, { invoices: [{ invoiceID: id, reference: 'PO 7' }] }, false), (a) => a.body.invoices[0].reference === 'PO 7');
  const paid = await step('createPayment', () => api.createPayment(tenant, { invoice: { invoiceID: id }, account: { code: '970' }, date: day, amount: 40 }), some('payments'));
  await step('getPayments', () => api.getPayments(tenant, none, none, none, 1), some('payments'));
  await step('getPayment', () => api.getPayment(tenant, paid.body.payments[0].paymentID), some('payments'));
  await step('deletePayment', () => api.deletePayment(tenant, paid.body.payments[0].paymentID, { status: 'DELETED' }));
  await step('getCreditNotes', () => api.getCreditNotes(tenant, none, none, none, 1), list('creditNotes'));
  await step('getReportAgedReceivablesByContact', () => api.getReportAgedReceivablesByContact(tenant, node), some('reports'));

  await refused('an invoice that is not there', () => api.getInvoice(tenant, '00000000-0000-4000-8000-000000000000'), 404);
  await refused('a contact without a name', () => api.createContacts(tenant, { contacts: [{ emailAddress: 'x@x.example' }] }, true), 400);
  await refused('a tenant that is not connected', () => api.getContacts('00000000-0000-4000-8000-000000000000'), 403);

  await step('disconnect', () => xero.disconnect(xero.tenants.find((row) => row.tenantId === other).id));
  await step('revokeToken', () => xero.revokeToken());
  const custom = new XeroClient({ clientId: 'sandbox-custom-connection', clientSecret: 'sandbox-custom-secret', grantType: 'client_credentials' });
  await step('getClientCredentialsToken', () => custom.getClientCredentialsToken(), (tokens) => tokens.access_token);
  await step('a custom connection reads', () => custom.accountingApi.getOrganisations(''), some('organisations'));
}

main().catch((error) => {
  tell('the script', false, String(error?.stack ?? error));
  process.exitCode = 1;
});
