// Stand-in for Shopify's web components: the tags stay plain elements and show what they hold.
