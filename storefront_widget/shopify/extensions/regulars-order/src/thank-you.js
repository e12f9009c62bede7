import { show } from "./note.js";

// The order's number is told before the order itself is made.
export default () => show((shopify, now) => now(shopify.orderConfirmation)?.order);
