"""From a build's records to the pages, and from the pages to the site. Nothing here plans, trains or draws."""
