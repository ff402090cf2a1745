"""Who may open what: one row for each address of the site, one column for each kind of person.

The things that addresses name are Ana's, or of Carla's purchases: `ana` and `carla` are their owners, `ben` and `dora`
another contributor and another customer. `yes` means that a page opens, or that an action gets as far as looking at
its form. Everybody else is told that there is no such page or, without a login, to log in. An address
without a number is of the reader's own things: earnings of a month are nothing for Ben, and his statement is not there.
"""

ADDRESSES = """
address                                    method  ana  ben  carla dora fay  rita boss nobody anonymous

home                                       GET     yes  yes  yes   yes  yes  yes  yes  yes    .
set_language                               POST    yes  yes  yes   yes  yes  yes  yes  yes    yes
verify                                     GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
verify                                     POST    yes  yes  yes   yes  yes  yes  yes  yes    yes
certificate                                GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
certificate_pdf                            GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
certificate_json                           GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
generator_models                           GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
model_card                                 GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
card_json                                  GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
sell_model                                 POST    .    .    .     .    .    .    yes  .      .
report                                     GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
report                                     POST    yes  yes  yes   yes  yes  yes  yes  yes    yes
transparency                               GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
healthz                                    GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
readyz                                     GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
statement_roots                            GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
verify_statement                           GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
stripe_webhook                             POST    yes  yes  yes   yes  yes  yes  yes  yes    yes

login                                      GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
logout                                     POST    yes  yes  yes   yes  yes  yes  yes  yes    yes
account_login                              GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
account_logout                             POST    yes  yes  yes   yes  yes  yes  yes  yes    yes
account_inactive                           GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
account_signup                             GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
account_reset_password                     GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
account_reset_password_done                GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
account_reset_password_from_key            GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
account_reset_password_from_key_done       GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
account_confirm_email                      GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
account_email_verification_sent            GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
account_confirm_login_code                 GET     yes  yes  yes   yes  yes  yes  yes  yes    .
mfa_authenticate                           GET     yes  yes  yes   yes  yes  yes  yes  yes    .
account_reauthenticate                     GET     yes  yes  yes   yes  yes  yes  yes  yes    .
account_request_reauthentication_code      GET     .    .    .     .    .    .    .    .      .
account_confirm_reauthentication_code      GET     .    .    .     .    .    .    .    .      .
account_email                              GET     yes  yes  yes   yes  yes  yes  yes  yes    .
account_change_password                    GET     yes  yes  yes   yes  yes  yes  yes  yes    .
account_set_password                       GET     yes  yes  yes   yes  yes  yes  yes  yes    .
mfa_index                                  GET     yes  yes  yes   yes  yes  yes  yes  yes    .
mfa_reauthenticate                         GET     yes  yes  yes   yes  yes  yes  yes  yes    .
mfa_activate_totp                          GET     yes  yes  yes   yes  yes  yes  yes  yes    .
mfa_deactivate_totp                        GET     .    .    .     .    yes  yes  yes  .      .
mfa_view_recovery_codes                    GET     .    .    .     .    yes  yes  yes  .      .
mfa_generate_recovery_codes                GET     yes  yes  yes   yes  yes  yes  yes  yes    .
mfa_download_recovery_codes                GET     .    .    .     .    yes  yes  yes  .      .
kept_form                                  GET     yes  yes  yes   yes  yes  yes  yes  yes    .
accept_invitation                          GET     yes  yes  yes   yes  yes  yes  yes  yes    yes
invitations                                GET     .    .    .     .    yes  .    yes  .      .
invitations                                POST    .    .    .     .    yes  .    yes  .      .
terms                                      GET     yes  yes  yes   yes  yes  yes  yes  yes    .
terms                                      POST    yes  yes  yes   yes  yes  yes  yes  yes    .
personal_data                              GET     yes  yes  yes   yes  yes  yes  yes  yes    .
export_person                              GET     yes  yes  yes   yes  yes  yes  yes  yes    .
erase_person                               GET     yes  yes  yes   yes  yes  yes  yes  yes    .
erase_person                               POST    yes  yes  yes   yes  yes  yes  yes  yes    .

prompts                                    GET     .    .    yes   yes  .    .    .    .      .
prompts                                    POST    .    .    yes   yes  .    .    .    .      .
prompt                                     GET     .    .    yes   .    .    .    .    .      .
contest_prompt                             POST    .    .    yes   .    .    .    .    .      .
prompt_queue                               GET     .    .    .     .    .    yes  yes  .      .
prompt_review                              GET     .    .    .     .    .    yes  yes  .      .
decide_prompt                              POST    .    .    .     .    .    yes  yes  .      .

generate                                   GET     .    .    yes   yes  .    .    .    .      .
generate                                   POST    .    .    yes   yes  .    .    .    .      .
generation_request                         GET     .    .    yes   .    .    .    .    .      .
generations                                GET     .    .    yes   yes  yes  .    yes  .      .
generation                                 GET     .    .    yes   yes  yes  .    yes  .      .
generation_preview                         GET     yes  yes  yes   yes  yes  yes  yes  yes    .
license_generation                         POST    .    .    yes   yes  .    .    .    .      .
orders                                     GET     .    .    yes   yes  .    .    .    .      .
order                                      GET     .    .    yes   .    .    .    .    .      .
order_paid                                 GET     .    .    yes   .    .    .    .    .      .
order_cancelled                            GET     .    .    yes   .    .    .    .    .      .
pay_order                                  POST    .    .    yes   .    .    .    .    .      .
downloads                                  GET     .    .    yes   yes  .    .    .    .      .
download_file                              GET     .    .    yes   .    yes  .    yes  .      .
human_edits                                GET     .    .    yes   .    .    .    .    .      .
human_edits                                POST    .    .    yes   .    .    .    .    .      .
projects                                   GET     .    .    yes   yes  .    .    .    .      .
projects                                   POST    .    .    yes   yes  .    .    .    .      .
add_licences                               POST    .    .    yes   yes  .    .    .    .      .
project                                    GET     .    .    yes   .    .    .    .    .      .
remove_licence                             POST    .    .    yes   .    .    .    .    .      .
project_record                             GET     .    .    yes   .    .    .    .    .      .
why                                        GET     yes  .    yes   .    yes  .    yes  .      .

image                                      GET     yes  .    .     .    .    .    .    .      .
claim_share                                GET     yes  yes  .     .    .    .    .    .      .
claim_share                                POST    yes  yes  .     .    .    .    .    .      .
objections                                 GET     yes  yes  .     .    .    .    .    .      .
payout_history                             GET     yes  yes  .     .    .    .    .    .      .
statements                                 GET     yes  yes  .     .    .    .    .    .      .
check_statement                            GET     yes  .    .     .    .    .    .    .      .
tiles                                      GET     yes  yes  .     .    .    .    .    .      .
what_if                                    GET     yes  yes  .     .    .    .    .    .      .
overview                                   GET     yes  yes  .     .    .    .    .    .      .
connect_account                            POST    yes  yes  .     .    .    .    .    .      .
images                                     GET     yes  yes  .     .    .    .    .    .      .
upload                                     GET     yes  yes  .     .    .    .    .    .      .
upload                                     POST    yes  yes  .     .    .    .    .    .      .
consents                                   GET     yes  yes  .     .    .    .    .    .      .
change_consent                             POST    yes  yes  .     .    .    .    .    .      .
change_consent_default                     POST    yes  yes  .     .    .    .    .    .      .
removal                                    GET     yes  .    .     .    .    .    .    .      .
removal                                    POST    yes  .    .     .    .    .    .    .      .
earnings                                   GET     yes  yes  .     .    .    .    .    .      .
statement                                  GET     yes  .    .     .    .    .    .    .      .
statement_json                             GET     yes  .    .     .    .    .    .    .      .
statement_csv                              GET     yes  .    .     .    .    .    .    .      .
statement_pdf                              GET     yes  .    .     .    .    .    .    .      .
submission                                 GET     yes  .    .     .    .    .    .    .      .
submission_preview                         GET     yes  .    .     .    .    yes  yes  .      .
appeal                                     POST    yes  .    .     .    .    .    .    .      .
asset_preview                              GET     yes  .    .     .    yes  yes  yes  .      .
asset_thumbnail                            GET     yes  yes  yes   yes  yes  yes  yes  yes    .
copy                                       GET     yes  .    .     .    .    .    .    .      .
contest                                    POST    yes  .    .     .    .    .    .    .      .

api_tokens                                 GET     yes  yes  yes   yes  yes  yes  yes  yes    .
api_tokens                                 POST    yes  yes  yes   yes  yes  yes  yes  yes    .
revoke_token                               POST    yes  .    .     .    .    .    .    .      .
webhook_endpoints                          GET     yes  yes  yes   yes  yes  yes  yes  yes    .
webhook_endpoints                          POST    yes  yes  yes   yes  yes  yes  yes  yes    .
remove_endpoint                            POST    yes  .    .     .    .    .    .    .      .

claim_queue                                GET     .    .    .     .    .    yes  yes  .      .
claimed                                    GET     .    .    .     .    .    yes  yes  .      .
decide_claim                               POST    .    .    .     .    .    yes  yes  .      .
review_queue                               GET     .    .    .     .    yes  yes  yes  .      .
review                                     GET     .    .    .     .    yes  yes  yes  .      .
decide_output                              POST    .    .    .     .    .    yes  yes  .      .
contest_queue                              GET     .    .    .     .    .    yes  yes  .      .
contested                                  GET     .    .    .     .    .    yes  yes  .      .
decide_contest                             POST    .    .    .     .    .    yes  yes  .      .
removal_queue                              GET     .    .    .     .    .    yes  yes  .      .
removal_queue                              POST    .    .    .     .    .    yes  yes  .      .
removal_case                               GET     .    .    .     .    .    yes  yes  .      .
name_removal_image                         POST    .    .    .     .    .    yes  yes  .      .
decide_removal                             POST    .    .    .     .    .    yes  yes  .      .
submission_queue                           GET     .    .    .     .    .    yes  yes  .      .
submission_review                          GET     .    .    .     .    .    yes  yes  .      .
decide_submission                          POST    .    .    .     .    .    yes  yes  .      .

finance                                    GET     .    .    .     .    yes  .    yes  .      .
period                                     GET     .    .    .     .    yes  .    yes  .      .
payee_lines                                GET     .    .    .     .    yes  .    yes  .      .
policies                                   GET     .    .    .     .    yes  .    yes  .      .
add_policy                                 POST    .    .    .     .    yes  .    yes  .      .
run_progress                               GET     .    .    .     .    yes  .    yes  .      .
payout                                     GET     .    .    .     .    yes  .    yes  .      .
adjustments                                GET     .    .    .     .    yes  .    yes  .      .
adjustments                                POST    .    .    .     .    yes  .    yes  .      .
findings                                   GET     .    .    .     .    yes  .    yes  .      .
assign_finding                             POST    .    .    .     .    yes  .    yes  .      .
holds                                      GET     .    .    .     .    yes  .    yes  .      .
holds                                      POST    .    .    .     .    yes  .    yes  .      .
end_hold                                   POST    .    .    .     .    yes  .    yes  .      .
refunds                                    GET     .    .    .     .    yes  .    yes  .      .
refunds                                    POST    .    .    .     .    yes  .    yes  .      .
operations                                 GET     .    .    .     .    yes  .    yes  .      .
periods                                    GET     .    .    .     .    yes  .    yes  .      .
preview_close                              GET     .    .    .     .    yes  .    yes  .      .
close_period                               POST    .    .    .     .    yes  .    yes  .      .
approve_close                              POST    .    .    .     .    yes  .    yes  .      .
preview_policy                             GET     .    .    .     .    yes  .    yes  .      .
runs                                       GET     .    .    .     .    yes  .    yes  .      .
draft_payout_run                           POST    .    .    .     .    yes  .    yes  .      .
run                                        GET     .    .    .     .    yes  .    yes  .      .
approve_payout_run                         POST    .    .    .     .    yes  .    yes  .      .
cancel_payout_run                          POST    .    .    .     .    yes  .    yes  .      .
send_payout_run                            POST    .    .    .     .    yes  .    yes  .      .
pause_payout_run                           POST    .    .    .     .    yes  .    yes  .      .
exports                                    GET     .    .    .     .    yes  .    yes  .      .
tax_forms                                  GET     .    .    .     .    yes  .    yes  .      .
tax_forms                                  POST    .    .    .     .    yes  .    yes  .      .
ledger                                     GET     .    .    .     .    yes  .    yes  .      .
reconciliation                             GET     .    .    .     .    yes  .    yes  .      .
reconcile                                  POST    .    .    .     .    yes  .    yes  .      .
resolve_finding                            POST    .    .    .     .    yes  .    yes  .      .

the admin                                  GET     .    .    .     .    .    .    yes  .      .
"""
