// {n} is a number that chooses between the forms; all else is put in as it is.
export default {
  "email.title": "Where do we write to?",
  "email.text": "Enter the e-mail address of your orders. We send you a code, no password needed.",
  "email.label": "E-mail",
  "email.send": "Send the code",
  "code.title": "Enter the code",
  "code.text": "If {email} has points here, a code is in its mailbox now. It works for 10 minutes.",
  "code.label": "Six digits",
  "code.send": "Sign in",
  "code.other": "Use another address",
  "code.again": "Send a new code",
  "code.spent": "We can send another one to {email}.",
  "error.wrong_code": "This code is not right, or it has expired.",
  "error.code_over": "This code does not work any more.",
  "error.email": "Enter an e-mail address, such as marta@example.com.",
};
